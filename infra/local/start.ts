// `npm start`: the whole design on this machine, until Ctrl-C or `--for` seconds have passed.
import pc from 'picocolors';
import { messageOf } from '../../lib/model/errors.js';
import type { Report } from '../../lib/model/report.js';
import { demonstrate } from './demo.js';
import { type Harness, startHarness } from './harness.js';
import type { Finished } from './lambda-endpoint.js';
import { type LocalSetup, startLocal } from './local-setup.js';
import { onceNpmIsGone } from './orphaned.js';
import { introduction, makeChangeLines, poolsLine } from './show.js';
import { readOptions, type StartOptions, USAGE } from './start-options.js';
import { type Stopwatch, watchIndex } from './stopwatch.js';

const startedAt = performance.now();
const changes = makeChangeLines();
const warned = new Set<string>();
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const say = (line: string): void =>
  print(`${pc.dim(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`)}  ${line}`);

interface Ending {
  readonly why: string;
  /** Exit status. */
  readonly code: 0 | 1;
}
type End = (why: string, code?: Ending['code']) => void;

/** Resolves when it is time to end. */
function untilEnd(): { ended: Promise<Ending>; end: End } {
  let end: End = () => undefined;
  const ended = new Promise<Ending>((resolve) => {
    end = (why, code = 0) => resolve({ why, code });
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
  for (const warning of result.consul.warnings.filter((line) => !warned.has(line))) {
    warned.add(warning);
    say(pc.yellow(warning));
  }
  if (!result.covered) keep(result);
}

/** HAProxy comes back as systemd would bring it, and the forwarder is told; of the others we say it. */
function watchChildren(
  { consul, haproxy, forwarder, forwarderUrl }: LocalSetup,
  signal: AbortSignal,
  end: End,
): void {
  for (const child of [consul.child, forwarder]) {
    void child.ended.then((how) => end(`${child.name} ended (${how})`, 1));
  }
  const revive = async (how: string): Promise<void> => {
    if (signal.aborted) return;
    say(`HAProxy ended (${how}) and is started again`);
    await haproxy.restart();
    await fetch(`${forwarderUrl}/notify`, { method: 'POST' });
    await haproxy.child.ended.then(revive);
  };
  haproxy.child.ended.then(revive).catch((error) => end(messageOf(error), 1));
}

async function run({ seconds, demo }: StartOptions, harness: Harness): Promise<number> {
  const stop = new AbortController();
  const { ended, end } = untilEnd();
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
  if ('why' in setup) return setup.code;
  if (seconds !== undefined) setTimeout(() => end(`${seconds} s have passed`), seconds * 1000);
  watch = watchIndex(setup.consul, 'iri');
  watchChildren(setup, stop.signal, end);
  print(introduction(setup));
  for (const { registration } of setup.nodes.registered) await setup.consul.register(registration);
  if (demo) {
    demonstrate(setup, (line) => say(pc.cyan(line)), stop.signal).catch((error) => {
      if (!stop.signal.aborted) say(pc.red(`demonstration: ${messageOf(error)}`));
    });
  }
  const { why, code } = await ended;
  stop.abort();
  watch.close();
  if (last) say(poolsLine(last));
  say(`${why}; everything is being stopped`);
  return code;
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

function fail(error: unknown): void {
  process.stderr.write(`npm start: ${messageOf(error)}\n`);
  process.exit(1);
}

process.on('uncaughtException', fail);
main().then((code) => process.exit(code), fail);
