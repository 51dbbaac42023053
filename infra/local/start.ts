// `npm start`: the whole design on this machine, until Ctrl-C or `--for` seconds have passed.
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { messageOf } from '../../lib/errors.js';
import type { Report } from '../../lib/report.js';
import { demonstrate } from './demo.js';
import { type Harness, startHarness } from './harness.js';
import type { Finished } from './lambda-endpoint.js';
import { type LocalSetup, startLocal } from './local-setup.js';
import { onceNpmIsGone } from './orphaned.js';
import { introduction, makeChangeLines, poolsLine } from './show.js';
import { type Stopwatch, watchIndex } from './stopwatch.js';

const USAGE = `npm start -- [--for SECONDS] [--no-demo]

Runs Consul, HAProxy, sample nodes, the forwarder, both functions and their schedule on this machine.
  --for SECONDS  ends by itself
  --no-demo      leaves the sample nodes alone: shows only what others do
`;

interface StartOptions {
  readonly seconds: number | undefined;
  readonly demo: boolean;
}

const startedAt = Date.now();
const changes = makeChangeLines();
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const say = (line: string): void =>
  print(`${pc.dim(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`)}  ${line}`);

function readOptions(args: readonly string[]): StartOptions | 'help' {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        for: { type: 'string' },
        'no-demo': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return 'help';
    const seconds = values.for === undefined ? undefined : Number(values.for);
    if (seconds !== undefined && !(seconds > 0 && seconds <= 86_400)) {
      throw new Error(`--for ${JSON.stringify(values.for)}: give 1 to 86400 seconds`);
    }
    return { seconds, demo: !values['no-demo'] };
  } catch (error) {
    throw new Error(`${messageOf(error).split('. ')[0]}; see npm start -- --help`);
  }
}

/** Resolves with a reason when it is time to end. */
function untilEnd(seconds: number | undefined): { ended: Promise<string>; end: (why: string) => void } {
  let end = (_why: string): void => undefined;
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Asked twice: gone at once. What is left is cleared up behind us.
      if (asked) process.exit(1);
      asked = true;
      end('asked to stop');
    });
  }
  if (seconds !== undefined) setTimeout(() => end(`${seconds} s have passed`), seconds * 1000);
  onceNpmIsGone(() => end('npm is gone'));
  return { ended, end };
}

function showFinished(
  finished: Finished,
  watch: Stopwatch | undefined,
  keep: (report: Report) => void,
): void {
  const result = JSON.parse(finished.payload) as Report & { errorMessage?: string };
  if (!finished.ok) {
    say(`${pc.red('failed')}  ${finished.name}: ${result.errorMessage}`);
    return;
  }
  const lagMs = watch?.covered(result.consul.index, finished.doneAt);
  for (const line of changes(result, lagMs)) say(line);
  if (!result.covered) keep(result);
}

/** HAProxy comes back as systemd would bring it, and the forwarder is told; of the others we say it. */
function watchChildren(
  { consul, haproxy, forwarder, forwarderUrl }: LocalSetup,
  signal: AbortSignal,
  end: (why: string) => void,
): void {
  for (const child of [consul.child, forwarder]) {
    void child.ended.then((how) => end(`${child.name} ended (${how})`));
  }
  const revive = async (how: string): Promise<void> => {
    if (signal.aborted) return;
    say(`HAProxy ended (${how}) and is started again`);
    await haproxy.restart();
    void haproxy.child.ended.then(revive);
    await fetch(`${forwarderUrl}/notify`, { method: 'POST' });
  };
  void haproxy.child.ended.then(revive).catch((error) => end(messageOf(error)));
}

async function run({ seconds, demo }: StartOptions, harness: Harness): Promise<number> {
  const stop = new AbortController();
  const { ended, end } = untilEnd(seconds);
  let watch: Stopwatch | undefined;
  let last: Report | undefined;
  const setup = await Promise.race([
    startLocal(harness, {
      onFinished: (finished) => {
        if (stop.signal.aborted) return;
        showFinished(finished, watch, (report) => {
          last = report;
        });
      },
      onLog: () => undefined,
    }),
    ended,
  ]);
  if (typeof setup === 'string') return 0;
  watch = watchIndex(setup.consul, 'iri');
  watchChildren(setup, stop.signal, end);
  print(introduction(setup));
  for (const { registration } of setup.nodes.registered) await setup.consul.register(registration);
  if (demo) {
    demonstrate(setup, (line) => say(pc.cyan(line)), stop.signal).catch((error) => {
      if (!stop.signal.aborted) say(pc.red(`demonstration: ${messageOf(error)}`));
    });
  }
  const why = await ended;
  stop.abort();
  watch.close();
  if (last) say(poolsLine(last));
  say(`${why}; everything is being stopped`);
  return 0;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    print(USAGE);
    return 0;
  }
  const harness = await startHarness();
  try {
    return await run(options, harness);
  } finally {
    await harness.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`npm start: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
