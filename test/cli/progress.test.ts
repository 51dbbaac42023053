// Who waits for over a second is told what for, on a line of the terminal that goes away again.
import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeProgram } from '../../lib/cli/program.js';
import { makeProgress, stderrProgress } from '../../lib/cli/progress.js';
import { screenOf } from '../../lib/cli/screen.js';
import { iriLayout } from '../../lib/iri/layout.js';

import { iriLb } from './iri-lb.js';
import { type Mute, startMute } from './mute.js';
import { hasTerminals } from './pty.js';

const ERASE = '\r\u001b[K';

/** A progress with a clock of the test's own. */
function rig(columns = 80) {
  let now = 0;
  let look: (() => void) | undefined;
  const written: string[] = [];
  const progress = makeProgress({
    write: (text) => void written.push(text),
    screen: () => ({ columns, rows: 24 }),
    now: () => now,
    often: (call) => {
      look = call;
      return () => {
        look = undefined;
      };
    },
  });
  return {
    ...progress,
    /** Lets time pass, and says what was written meanwhile. */
    pass(ms: number): string[] {
      now += ms;
      look?.();
      return written.splice(0);
    },
    written: () => written.splice(0),
    isLooking: () => look !== undefined,
  };
}

describe('the line of progress', () => {
  it('is not there before a second has gone, and says how long of how long', () => {
    const { onWait, pass, written, isLooking } = rig();
    const over = onWait('the admin socket of tcp://lb:9999', 15_000);
    expect(pass(999)).toEqual([]);
    expect(pass(1)).toEqual([`${ERASE}waiting for the admin socket of tcp://lb:9999, 1 s of 15`]);
    expect(pass(200)).toEqual([]);
    expect(pass(6_000)).toEqual([`${ERASE}waiting for the admin socket of tcp://lb:9999, 7 s of 15`]);
    over();
    expect(written()).toEqual([ERASE]);
    expect(isLooking()).toBe(false);
  });

  it('never comes for what is over sooner', () => {
    const { onWait, pass, written, isLooking } = rig();
    onWait('Consul', 10_000)();
    expect([pass(5_000), written(), isLooking()]).toEqual([[], [], false]);
  });

  it('tells the longest wait, and how many more there are', () => {
    const { onWait, pass, written } = rig();
    const first = onWait('a', 15_000);
    pass(500);
    const second = onWait('b');
    expect(pass(1_500)).toEqual([`${ERASE}waiting for a, 2 s of 15; 1 more`]);
    first();
    expect(written()).toEqual([`${ERASE}waiting for b, 1 s`]);
    second();
    expect(written()).toEqual([ERASE]);
  });

  it('makes way for what is printed, and comes again', () => {
    const { onWait, clear, pass, written } = rig();
    onWait('a');
    pass(1_000);
    clear();
    expect(written()).toEqual([ERASE]);
    clear();
    expect(written()).toEqual([]);
    expect(pass(200)).toEqual([`${ERASE}waiting for a, 1 s`]);
  });

  it('is no wider than the terminal', () => {
    const { onWait, pass } = rig(20);
    onWait('the admin socket of tcp://lb:9999');
    expect(pass(1_000)).toEqual([`${ERASE}waiting for the adm…`]);
  });

  it('takes a terminal without a size for one of 80 columns', () => {
    expect(screenOf({ isTTY: true, columns: 0, rows: 0 })).toMatchObject({ columns: 80, rows: 24 });
    expect(screenOf({ isTTY: true, columns: 40, rows: 12 })).toMatchObject({ columns: 40, rows: 12 });
    expect(screenOf({ columns: 40 })).toBeUndefined();
  });

  it('is on a terminal only', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: false });
    expect(stderrProgress(stream as unknown as NodeJS.WriteStream)).toBeUndefined();
  });
});

const SOCKET = 'the admin socket of tcp://X';

describe('a command that waits', () => {
  let mute: Mute;
  let env: Readonly<Record<string, string>>;
  const limited = (limits: object) => JSON.stringify({ ...iriLayout, ...limits });
  beforeAll(async () => {
    mute = await startMute();
    env = { CONSUL_HTTP_ADDR: `http://${mute.hostPort}`, HAPROXY_ADDRESSES: `tcp://${mute.hostPort}` };
  });
  afterAll(() => mute.close());

  it.each([
    ['plan', SOCKET],
    ['apply', SOCKET],
    ['status', SOCKET],
    ['doctor', 'Consul and the load balancers'],
    ['node list', 'Consul'],
  ])('%s tells what for, and when it is over', async (line, what) => {
    const told: string[] = [];
    const over: string[] = [];
    const ignore = (): void => undefined;
    const LB_CONFIG = limited({ lockTimeoutMs: 200, consulTimeoutMs: 100, loadBalancerTimeoutMs: 200 });
    const program = makeProgram(
      {
        ...{ out: ignore, err: ignore, exit: ignore, env: { ...env, LB_CONFIG } },
        onWait: (waited, limitMs) => {
          told.push(waited);
          if (limitMs !== undefined) expect(limitMs).toBeLessThanOrEqual(200);
          return () => void over.push(waited);
        },
      },
      { bundles: '/nowhere', node: { nodeCheck: '/nowhere' }, end: () => expect.unreachable() },
    );
    await program.parseAsync(line.split(' '), { from: 'user' });
    expect(told.map((text) => text.replace(mute.hostPort, 'X'))).toContain(what);
    // Of several reads the first that fails is the command's end.
    await expect.poll(() => over.sort(), { timeout: 10_000 }).toEqual(told.sort());
  });

  it.skipIf(!hasTerminals)('shows it on a terminal, and leaves nothing of it', async () => {
    const { command, options } = iriLb.line(['apply'], {
      ...env,
      LB_CONFIG: limited({ lockTimeoutMs: 2_500, consulTimeoutMs: 100 }),
    });
    const line = [process.execPath, ...command].map((word) => `'${word}'`).join(' ');
    const { stdout: text } = await promisify(execFile)('script', ['-qc', line, '/dev/null'], options);
    const pieces = text.split(ERASE);
    const told = pieces.filter((piece) => piece.startsWith('waiting for '));
    expect(told[0]).toBe(`waiting for the admin socket of tcp://${mute.hostPort}, 1 s of 2`);
    // What comes next is written over it, and not below it.
    for (const piece of told) expect(piece).not.toMatch(/[\r\n]/);
    expect(pieces.at(-1)).toContain(`iri-lb: haproxy tcp://${mute.hostPort}: no prompt within`);
    expect(pieces.at(-1)).not.toMatch(/^…/m);
  });
});
