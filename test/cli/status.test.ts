// `iri-lb status` as a command: what it is asked for, what it refuses, its exit status, and how it goes on looking.
import { Command } from 'commander';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makePorts } from '../../infra/local/ports.js';
import type { Live } from '../../lib/cli/live.js';
import { registerStatus, type StatusDeps } from '../../lib/cli/status.js';
import type { Status } from '../../lib/model/status.js';
import type { Ran } from './command-line.js';
import { runProgram } from './run-program.js';
import type { StandInFleet } from './stand-in-fleet.js';
import { hostile, placeOf, startTroubledFleet, startWellFleet } from './status-fleets.js';

const ports = makePorts();
let port: number;
let fleet: StandInFleet;
beforeAll(async () => {
  port = await ports.free();
});
afterEach(() => fleet.close());

const status = (...args: readonly string[]): Promise<Ran> => runProgram(['status', ...args], fleet.env);
const jsonOf = async (...args: readonly string[]): Promise<Status> =>
  JSON.parse((await status('--json', ...args)).out);

/** The names in the last table. */
function rowsIn({ out }: Ran): string[] {
  const lines = out.split('\n');
  return lines
    .slice(lines.findIndex((line) => line.startsWith('INSTANCE')) + 1)
    .map((line) => line.split(' ')[0] ?? '');
}

describe('what is asked for', () => {
  it.each<[string, string[]]>([
    ['--instance node-2', ['frankfurt-2/node-2']],
    ['--instance frankfurt-2/node-2', ['frankfurt-2/node-2']],
    ['--instance 10.0.0.7:14265', ['10.0.0.7:14265']],
    ['--backend pow_back', ['frankfurt-6/node-6']],
    ['--state down', ['frankfurt-2/node-2']],
    ['--state drain', ['frankfurt-3/node-3', '10.0.0.7:14265']],
    ['--state no-slot', ['frankfurt-8/node-8', 'frankfurt-9/node-9']],
    ['--state maintenance', ['frankfurt-4/node-4']],
    [
      '--state ready --lb 127.0.0.3 --sort instance',
      ['1', '2', '5', '6'].map((at) => `frankfurt-${at}/node-${at}`),
    ],
  ])('%s is all that is shown', async (args, rows) => {
    fleet = await startTroubledFleet(port);
    expect(rowsIn(await status(...args.split(' ')))).toEqual(rows);
  });

  it('of one instance leaves out what is about others', async () => {
    fleet = await startTroubledFleet(port);
    const asked = await jsonOf('--instance', 'node-2');
    expect(asked.attention.map(({ code }) => code)).toEqual([
      'load-balancer-down',
      'held-for-nobody',
      'down-though-passing',
    ]);
    expect(asked.pending.count).toBe(0);
    expect(asked.instances?.map(({ instance }) => instance)).toEqual(['frankfurt-2/node-2']);
    expect(asked.loadBalancers.map(({ slots }) => slots.map(placeOf))).toEqual([
      ['web_back/web1 ready'],
      ['web_back/web1 ready'],
      [],
    ]);
  });

  it('of one load balancer takes no notice of one that is down', async () => {
    fleet = await startTroubledFleet(port);
    const { status: exit, out } = await status('--lb', '127.0.0.2');
    expect(out).not.toContain('127.0.0.4');
    expect(exit).toBe(3);
  });

  it('by --sort is in order, the busiest first', async () => {
    fleet = await startTroubledFleet(port);
    expect(rowsIn(await status('--sort', 'running'))[0]).toBe('frankfurt-1/node-1');
    const names = rowsIn(await status('--sort', 'instance'));
    expect(names).toEqual([...names].sort());
  });

  it('with --wide has more columns, and times by the clock', async () => {
    fleet = await startTroubledFleet(port);
    const { out } = await status('--wide', '--utc', '--instance', 'node-2');
    expect(out).toMatch(/INSTANCE +STATE +CONSUL +SINCE +SLOT .* ADDRESS +QUEUED +RATE\/S +ERRORS +WEIGHT/);
    expect(out).toMatch(/4 min ago, (?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\dZ/);
    expect(out).toContain('L4CON Connection refused on 127.0.0.2 | L4OK on 127.0.0.3');
  });
});

describe('what is not known', () => {
  it.each([
    ['--instance node-22', /did you mean .*node-2/],
    ['--instance nobody-at-all', /not known; iri-lb status --all lists who is/],
    ['--backend web_bakc', /did you mean web_back\? One of web_back, pow_back/],
    ['--state donw', /did you mean down\?/],
    ['--state constructor', /use one of serving/],
    ['--lb tcp://10.0.0.1:1', /use one of tcp:\/\/127\.0\.0\.2/],
    ['--sort zise', /use one of instance, pool/],
    ['--watch=soon', /no duration of at least 100ms/],
    ['--watch=1ms', /no duration of at least 100ms/],
  ])('%s is wrong usage, in one line with what it may have been', async (args, words) => {
    fleet = await startWellFleet(port);
    const { status: exit, out, err } = await status(...args.split(' '));
    expect(exit).toBe(64);
    expect(out).toBe('');
    expect(err).toMatch(words);
    expect(err.split('\n')).toHaveLength(1);
  });

  it('because somebody could not be read is an error, and not wrong usage', async () => {
    fleet = await startTroubledFleet(port);
    const { status: exit, err } = await status('--instance', 'node-77');
    expect(exit).toBe(1);
    expect(err).toMatch(/"node-77" was not found, but tcp:\/\/127\.0\.0\.4:\d+ could not be read/);
  });
});

describe('what cannot be read', () => {
  it('of Consul is unknown and no zero, and fails', async () => {
    fleet = await startWellFleet(port);
    fleet.breakConsul();
    const { status: exit, out, err } = await status();
    expect(exit).toBe(1);
    expect(out).toContain('what is pending is not known');
    expect(out).toMatch(/web_back +both +5 +5 +7 +0 +\? +\?/);
    expect(out).toContain('10.0.0.1:14265  serving  ?');
    expect(out).not.toMatch(/nobody|0 instances/);
    expect(err).toContain('500');
  });

  it('of a load balancer whose socket another client has is busy after 3 s, and the others are complete', async () => {
    fleet = await startWellFleet(port);
    fleet.hold(1);
    const { status: exit, out } = await status();
    expect(exit).toBe(1);
    expect(out).toMatch(
      /^tcp:\/\/127\.0\.0\.3:\d+ is busy, what it holds is not known: no prompt within 3000 ms/m,
    );
    expect(rowsIn({ status: exit, out, err: '' })).toHaveLength(6);
    expect(out).toContain('nothing pending (not known of 127.0.0.3)');
  });
});

it('a load balancer that is busy is called so also where Consul cannot be read', async () => {
  fleet = await startWellFleet(port);
  fleet.hold(0);
  fleet.breakConsul();
  const { loadBalancers } = await jsonOf();
  expect(loadBalancers.map(({ state }) => state)).toEqual(['busy', 'read']);
});

it('shows nothing of a hostile name that a terminal acts on, nor as something to paste', async () => {
  fleet = await startWellFleet(port);
  const id = 'x$(reboot)\u001b[2J';
  fleet.rows = [hostile(id)];
  fleet.slotOf(0, 'web_back', '10.0.0.1').server.status = 'DOWN';
  const shown = await status();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(shown.out + shown.err).not.toMatch(/\u001b/);
  expect(shown.out).toContain('passes in Consul, and HAProxy has it DOWN');
  expect(shown.out).not.toContain('iri-lb why frankfurt');
  const near = await status('--instance', 'x$(reboot)');
  expect(near.err).toContain('"x$(reboot)\\u001b[2J"');
});

it('is 0 when all is well, and says when a run last succeeded where somebody knows', async () => {
  fleet = await startWellFleet(port);
  const { status: exit, out } = await status();
  expect([exit, out.split('\n')[0]]).toEqual([0, 'nothing pending; last successful run: not known']);
  const lastRun = { endedAtMs: Date.now() - 8_000, by: 'the local run' };
  const whoRuns = async () => ({ lastRun, runs: { state: 'going' } as const });
  const known = await withDeps({ whoRuns }, '--utc');
  expect(known.out).toMatch(/^nothing pending; last successful run: [89] s ago, .*Z, the local run\n/);
});

/** The command alone, with what it is handed. */
async function withDeps(deps: StatusDeps, args: string, env = fleet.env): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  let exit = 0;
  const program = new Command('iri-lb').exitOverride();
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    env,
    exit: (code: number) => {
      exit = code;
    },
  };
  registerStatus(program, terminal, deps);
  await program.parseAsync(['status', ...args.split(' ')], { from: 'user' });
  return { status: exit, out: out.join('\n'), err: err.join('\n') };
}

describe('--watch --json', () => {
  /** Stops when it is told so many things; what was written is in `lines`. */
  function liveFor(pauses: number, between: (pause: number) => void = () => undefined) {
    const stop = new AbortController();
    const written: string[] = [];
    let paused = 0;
    const left: number[] = [];
    const live: Live = {
      write: (text) => void written.push(text),
      onResize: () => undefined,
      stopped: () => stop.signal,
      pause: async () => {
        between(++paused);
        if (paused === pauses) stop.abort();
      },
      leave: (code) => void left.push(code),
    };
    return { live, left, lines: () => written.join('').split('\n').filter(Boolean) };
  }

  it('prints one object a line, each of a connection of its own', async () => {
    fleet = await startWellFleet(port);
    const before = fleet.connections();
    const { live, left, lines } = liveFor(3, (pause) => {
      if (pause === 1) fleet.slotOf(0, 'web_back', '10.0.0.1').server.state = 'drain';
    });
    const ran = await withDeps({ live }, '--json --watch=1s');
    const looks = lines().map((line) => JSON.parse(line) as Status);
    expect(looks.map(({ loadBalancers }) => loadBalancers[0]?.pools[0]?.held)).toEqual([0, 1, 1]);
    expect(fleet.connections() - before).toBe(6);
    expect([ran.status, left]).toEqual([0, [0]]);
  });

  it('goes on where a look fails, and ends at once where its first finds wrong usage', async () => {
    fleet = await startWellFleet(port);
    fleet.breakConsul();
    const { live, lines } = liveFor(2);
    const unfound = { ...fleet.env, HAPROXY_ADDRESSES: 'consul:lb' };
    const ran = await withDeps({ live }, '--json --watch=1s', unfound);
    expect(lines()).toEqual([]);
    expect(ran.err.match(/^iri-lb: consul: .*500/gm)).toHaveLength(2);
    const wrong = await withDeps({ live: liveFor(2).live }, '--watch --lb nowhere');
    expect(wrong.status).toBe(64);
  });
});
