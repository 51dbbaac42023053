// `iri-lb status` on real terminals: it fits each of them, follows when it is resized, and colours no pipe.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { hasTerminals } from './pty.js';
import type { StandInFleet } from './stand-in-fleet.js';
import { startTroubledFleet, startWellFleet } from './status-fleets.js';
import { startTmux, type Tmux } from './tmux.js';

const COMMAND = `'${process.execPath}' '${new URL('../../dist/iri-lb.mjs', import.meta.url).pathname}'`;

let harness: Harness;
let tmux: Tmux;
let troubled: StandInFleet;
let well: StandInFleet;

beforeAll(async () => {
  harness = await startHarness();
  if (!hasTerminals) return;
  tmux = await startTmux(harness);
  troubled = await startTroubledFleet(await harness.freePort());
  harness.onClose(() => troubled.close());
  well = await startWellFleet(await harness.freePort());
  harness.onClose(() => well.close());
});
afterAll(() => harness.close());

/** With a port and a time that are the same in every run. */
const settled = (lines: readonly string[]): string =>
  `${lines
    .join('\n')
    .replaceAll(`:${troubled.port}`, ':20999')
    .replaceAll(/\d\d:\d\d:\d\dZ/g, '03:12:07Z')}\n`;

const hasEnded = (lines: readonly string[]): boolean => lines.some((line) => line.includes('exit '));

/** What the terminal shows once the command has ended, with its exit status. */
async function shown(columns: number, args: string, env = troubled.env, rows = 40): Promise<string[]> {
  const pane = await tmux.open({ columns, rows }, `${COMMAND} ${args}; echo "exit $?"`, env);
  return pane.until(hasEnded, `the end of iri-lb ${args}`);
}

describe.skipIf(!hasTerminals)('status', () => {
  it.each([40, 80, 200])('fits a terminal of %d columns', async (columns) => {
    const lines = await shown(columns, 'status', troubled.env, 60);
    expect(lines.at(-1)).toContain('exit 1');
    await expect(settled(lines)).toMatchFileSnapshot(`captures/status-${columns}.txt`);
  });

  it('fits 80 × 24 when all is well', async () => {
    const lines = await shown(80, 'status', well.env, 24);
    expect(lines.at(-1)).toContain('exit 0');
    expect(lines[0]).toContain('nothing pending');
    await expect(settled(lines)).toMatchFileSnapshot('captures/status-well-80.txt');
  });

  it('is without colours where NO_COLOR is set', async () => {
    const colored = await shown(80, 'status', troubled.env, 60);
    const plain = await shown(80, 'status', { ...troubled.env, NO_COLOR: '1' }, 60);
    expect(colored.join()).toContain('{red}');
    expect(plain.join()).not.toContain('{');
    expect(plain).toEqual(colored.map((line) => line.replaceAll(/\{[a-z ]*\}/g, '')));
  });

  it('lets who reads its output go, and colours nothing there', async () => {
    const lines = await shown(80, 'status --all --wide 2>&1 | head -1', troubled.env);
    expect(lines).toEqual([
      '2 changes pending (not known of 127.0.0.4); last successful run: not known',
      'exit 0',
    ]);
  });

  it('goes on in a pipe until its reader has gone', async () => {
    const lines = await shown(200, 'status --watch=100ms 2>&1 | head -3', troubled.env);
    expect(lines[1]).toContain('2 changes pending');
    expect(lines.at(-1)).toContain('exit 0');
  });
});

describe.skipIf(!hasTerminals)('status --watch', () => {
  it('follows the terminal, marks what changed, and leaves nothing behind at Ctrl-C', async () => {
    const server = well.slotOf(1, 'web_back', '10.0.0.5').server;
    const script = `echo before; ${COMMAND} status --watch=200ms --utc; echo "exit $?"`;
    const pane = await tmux.open({ columns: 80, rows: 24 }, script, well.env);
    const first = await pane.until(
      (lines) => lines.some((line) => line.includes('node-6')),
      'the first look',
    );
    expect(first[0]).toMatch(/iri-lb status, every 0\.2 s: \d\d:\d\d:\d\dZ/);
    expect(first.join('\n')).not.toContain('*');

    await pane.resize(40, 24);
    const narrow = await pane.until(
      (lines) => lines.some((line) => line.includes('node-6')) && lines.some((line) => line.endsWith('…')),
      'a look that fits the smaller terminal',
    );
    await expect(settled(narrow)).toMatchFileSnapshot('captures/status-watch-40.txt');

    await pane.resize(100, 10);
    await pane.until((lines) => lines.at(-1)?.includes('more lines') ?? false, 'a look that fits ten rows');

    await pane.resize(100, 40);
    server.state = 'drain';
    const changed = await pane.until(
      (lines) => lines.some((line) => /\*.*node-5.*drain/.test(line)),
      'the mark of what changed',
    );
    expect(changed.filter((line) => line.includes('*')).join('\n')).toMatch(/node-5/);
    expect(changed.join('\n')).not.toMatch(/\*.*node-1 /);

    const connections = well.connections();
    await pane.until(() => well.connections() >= connections + 4, 'two more looks, of a connection each');

    await pane.keys('C-c');
    const after = await pane.until(hasEnded, 'the end at Ctrl-C');
    expect(after.join('\n')).toBe('before\nexit 0');
  });
});
