// `iri-lb why` as a command: JSON, exit status, times, width and colours, and what is asked wrongly.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paintFor } from '../../lib/cli/screen.js';
import { whyStatus } from '../../lib/cli/why.js';
import { whyLines } from '../../lib/cli/why-text.js';
import type { Why } from '../../lib/model/why.js';
import { type Rig, startRig } from '../integration/rig.js';
import { runWhy } from './why-rig.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.consul.register({
    ...{ Name: 'iri', ID: 'iri-1', Address: '127.0.0.1', Port: 14265 },
    Tags: ['haproxy.pow=true', 'haproxy.weight=5'],
    Check: { CheckID: 'api', Name: 'API', TTL: '1h', Status: 'passing' },
  });
  await rig.consul.register({ Name: 'iri', ID: 'iri-2', Address: '127.0.0.1', Port: 14265 });
  await rig.consul.register({ Name: 'iri', ID: 'iri-3', Address: '127.0.0.3', Port: 14265 });
  await rig.apply();
}, 60_000);
afterAll(() => rig.harness.close());

const why = (...args: readonly string[]) => runWhy({ args, env: rig.env });

describe('as JSON', () => {
  it('it has the whole answer, once, in UTC', async () => {
    const { out, err, status } = await why('iri-3', '--json');
    const found = JSON.parse(out.join('\n')) as Why;
    expect(found).toMatchObject({
      version: 1,
      asked: 'iri-3',
      name: 'local/iri-3',
      verdict: { serves: 'everywhere', unread: false, causes: [] },
      instance: { node: 'local', id: 'iri-3', service: 'iri', registered: '127.0.0.3:14265' },
      runs: { state: 'unknown' },
    });
    expect(found.takenAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(found.loadBalancers[0]?.places[0]?.slot?.since?.at).toMatch(/Z$/);
    expect(err).toEqual([]);
    expect(status).toBe(0);
  });

  it('it has nobody, and several, too', async () => {
    const near = await why('iri-4', '--json');
    expect(JSON.parse(near.out.join('\n'))).toMatchObject({
      matches: [],
      near: expect.arrayContaining(['iri-3']),
    });
    expect(near.status).toBe(64);
    const several = await why('127.0.0.1:14265', '--json');
    expect(JSON.parse(several.out.join('\n'))).toMatchObject({
      matches: [{ name: 'local/iri-1' }, { name: 'local/iri-2' }],
    });
    expect(several.status).toBe(64);
  });
});

describe('one instance in several pools', () => {
  it('is one answer', async () => {
    const { lines, status } = await why('iri-1');
    expect(lines[0]).toContain('iri-1 (local/iri-1) is in rotation on 127.0.0.1:');
    expect(lines.filter((line) => /^ {2}iri_(?:pow_)?back\/irisrv\d/.test(line))).toHaveLength(2);
    expect(status).toBe(0);
  });
});

describe('several instances', () => {
  it('are listed on stderr, each with where it is', async () => {
    const { out, err, status } = await why('127.0.0.1:14265');
    expect(out).toEqual([]);
    expect(err).toEqual([
      '127.0.0.1:14265 may be any of 2; name one of these:',
      '  local/iri-1  127.0.0.1:14265 iri',
      '  local/iri-2  127.0.0.1:14265 iri',
    ]);
    expect(status).toBe(64);
  });
});

describe('a slot that holds nobody', () => {
  it('is told as that', async () => {
    const { err, status } = await why('iri_back/iritls8');
    expect(err.join(' ')).toMatch(/^iri_back\/iritls8 is a slot that holds nobody on 127\.0\.0\.1:/);
    expect(status).toBe(64);
  });
});

describe('the screen', () => {
  it('of 40 columns is not left', async () => {
    for (const line of (await runWhy({ args: ['iri-1'], env: rig.env, columns: 40 })).lines)
      expect([...line].length, line).toBeLessThanOrEqual(40);
  });

  it('that is none breaks nothing', async () => {
    const { lines } = await runWhy({ args: ['iri-1'], env: rig.env, columns: undefined });
    expect(lines.find((line) => line.includes('since'))).toMatch(/ago, .*, by HAProxy$/);
  });

  it('has the times in UTC on demand', async () => {
    expect((await why('iri-3', '--utc')).lines.join('\n')).toMatch(/ago,\s+\d\d:\d\d:\d\dZ/);
  });

  it('has colours only where it is a terminal, and is one line as wide with them', async () => {
    const found = JSON.parse((await why('iri-1', '--json')).out.join('\n')) as Why;
    const zone = { utc: true };
    const screen = { columns: 60, rows: 24 };
    const painted = whyLines(found, { columns: 60, paint: paintFor({ screen, env: {} }), zone });
    const plain = whyLines(found, { columns: 60, paint: paintFor({ screen, env: { NO_COLOR: '1' } }), zone });
    const colored = `${String.fromCharCode(0x1b)}[`;
    expect(painted.join('\n')).toContain(colored);
    expect(plain.join('\n')).not.toContain(colored);
    expect(painted).toHaveLength(plain.length);
  });
});

describe('the exit status', () => {
  const answer = (text: Partial<Why['verdict']>, causes: readonly string[] = [], standing = 'out'): Why =>
    ({
      verdict: { serves: 'nowhere', unread: false, text: '', causes: [], ...text },
      loadBalancers: [{ places: [{ standing, causes: causes.map((code) => ({ code })) }] }],
    }) as unknown as Why;

  it.each([
    ['0 where it serves everywhere', answer({ serves: 'everywhere' }, [], 'in'), 0],
    ['1 where something could not be read, whatever else', answer({ serves: 'everywhere', unread: true }), 1],
    [
      '1 where its removal is held back',
      answer({ serves: 'everywhere' }, ['last-of-service'], 'still-in'),
      1,
    ],
    ['3 where it is still in', answer({ serves: 'everywhere' }, ['pending'], 'still-in'), 3],
    ['3 where it serves in part', answer({ serves: 'partly' }), 3],
    ['3 where it serves nowhere', answer({}), 3],
  ])('is %s', (_what, found, status) => {
    expect(whyStatus(found)).toBe(status);
  });
});
