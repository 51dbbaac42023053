// The lines of `npm start`: one for what both load balancers did, and who it was.
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { makeChangeLines } from '../../infra/local/change-lines.js';
import type { MadeChange } from '../../lib/model/change.js';
import type { Report } from '../../lib/model/report.js';

const LB1 = 'tcp://127.0.0.1:9998';
const LB2 = 'tcp://127.0.0.1:9999';
const nameOf = (address: string): string => (address === LB1 ? 'lb1' : 'lb2');
const settings = { address: '127.0.0.1', port: 80, weight: 1, maxconn: 0, state: 'ready' } as const;

const change = (told: Partial<MadeChange> = {}): MadeChange => ({
  ...{ backend: 'web', slot: 'web1', instance: 'local/web-1', action: 'add', result: 'done' },
  ...{ before: settings, after: settings, reason: 'passing in Consul' },
  ...told,
});
const report = (changes: Readonly<Record<string, readonly MadeChange[]>>): Report => ({
  ...{ version: 1, durationMs: 1, problems: [], consul: { index: '1', instances: 1, warnings: [] } },
  loadBalancers: Object.entries(changes).map(([address, made]) => ({
    ...{ address, outcome: 'changed', changes: made, pools: [], warnings: [], problems: [] },
  })),
});
/** Without colours, which a CI gets as a terminal does. */
const words = (lines: readonly string[]): string[] =>
  lines.map((line) => stripVTControlCharacters(line).replace(/ +/g, ' '));

it('tells once what both did', () => {
  const lines = makeChangeLines(nameOf)(report({ [LB1]: [change()], [LB2]: [change()] }), 33);
  expect(words(lines)).toEqual(['web-1 in rotation both 33 ms web/web1 weight 1']);
});

it('tells apart what they did with different settings, or with different success', () => {
  const lines = makeChangeLines(nameOf)(
    report({
      [LB1]: [change({ after: { ...settings, weight: 2, maxconn: 7 } }), change({ slot: 'web2' })],
      [LB2]: [change(), change({ slot: 'web2', result: 'failed', error: 'no\u001b[2J such server' })],
    }),
    undefined,
  );
  expect(words(lines)).toEqual([
    'web-1 in rotation lb1 web/web1 weight 2, maxconn 7',
    'web-1 in rotation lb1 web/web2 weight 1',
    'web-1 in rotation lb2 web/web1 weight 1',
    expect.stringMatching(/^web-1 in rotation lb2 web\/web2 failed: no\S+ such server$/),
  ]);
  expect(lines.join('')).not.toContain('\u001b[2J');
});

it('remembers who is gone, for each load balancer', () => {
  const changes = makeChangeLines(nameOf);
  changes(report({ [LB1]: [change()], [LB2]: [change({ instance: 'local/web-2' })] }), 5);
  const gone = change({ action: 'remove', instance: null, reason: 'gone' });
  expect(words(changes(report({ [LB1]: [gone], [LB2]: [gone] }), 5))).toEqual([
    'web-1 gone lb1 5 ms web/web1 gone',
    'web-2 gone lb2 5 ms web/web1 gone',
  ]);
});

it('names who alone was reached', () => {
  const [coloured = ''] = makeChangeLines(nameOf)(report({ [LB1]: [], [LB2]: [change()] }), 5);
  const line = stripVTControlCharacters(coloured);
  expect(line).toMatch(/ lb2 +5 ms /);
  // So that a terminal of 80 columns shows it, the time of day before it included.
  expect(line.length).toBeLessThanOrEqual(70);
});
