// `npm start`: the whole design on this machine, until Ctrl-C or `--for` seconds have passed.
import { join } from 'node:path';
import pc from 'picocolors';
import { fitLine, screenOf } from '../../lib/cli/screen.js';
import { ConfigError, messageOf, settingText } from '../../lib/model/errors.js';
import type { Report } from '../../lib/model/report.js';
import type { RenderConfig } from '../../lib/render/config.js';
import { makeChangeLines } from './change-lines.js';
import { demonstrate } from './demo.js';
import { type Harness, startHarness } from './harness.js';
import type { Finished } from './lambda-endpoint.js';
import type { LocalBalancer } from './load-balancers.js';
import { type LocalSetup, startLocal } from './local-setup.js';
import { onceNpmIsGone } from './orphaned.js';
import { introduction, poolsLines } from './show.js';
import { readStartConfig } from './start-config.js';
import { type LocalHistory, startHistory } from './start-history.js';
import { readOptions, type StartOptions, USAGE } from './start-options.js';
import { type Stopwatch, watchIndexes } from './stopwatch.js';

const startedAt = performance.now();
const warned = new Set<string>();
const screen = screenOf(process.stdout);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
/** `line` after the seconds since the start; where it is to fit a terminal, what is cut off shows. */
const say = (line: string, columns?: number): void =>
  print(
    fitLine(
      `${pc.dim(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`)}  ${line}`,
      columns,
    ),
  );

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

/** Shows what runs did; `last` is the newest report that looked at everything. */
function makeShown(history: LocalHistory) {
  let balancers: readonly LocalBalancer[] = [];
  let watch: Stopwatch | undefined;
  let last: Report | undefined;
  const nameOf = (address: string): string =>
    balancers.find(({ haproxy }) => haproxy.admin === address)?.name ?? address;
  const changes = makeChangeLines(nameOf);
  return {
    begin: (setup: LocalSetup, stopwatch: Stopwatch): void => {
      balancers = setup.loadBalancers;
      watch = stopwatch;
    },
    finished: ({ ok, name, payload, doneAt }: Finished): void => {
      const result = JSON.parse(payload) as Report & { errorMessage?: string };
      if (!ok) {
        history.failed(result.errorMessage ?? `${name} failed`);
        say(`${pc.red('failed')}  ${name}: ${result.errorMessage}`);
        return;
      }
      const lagMs = watch?.covered(result.consul.index, doneAt);
      history.report(name, result, lagMs);
      for (const line of changes(result, lagMs)) say(line, screen?.columns);
      for (const warning of result.consul.warnings.filter((line) => !warned.has(line))) {
        warned.add(warning);
        say(pc.yellow(warning));
      }
      if (!result.covered) last = result;
    },
    end: (): void => {
      watch?.close();
      if (last) for (const line of poolsLines(last, nameOf)) say(line);
    },
  };
}

/** A HAProxy comes back as systemd would bring it, and the forwarder is told; of the others we say it. */
function watchChildren(
  { consul, loadBalancers, forwarder, forwarderUrl }: LocalSetup,
  signal: AbortSignal,
  end: End,
): void {
  for (const child of [consul.child, forwarder]) {
    void child.ended.then((how) => end(`${child.name} ended (${how})`, 1));
  }
  for (const { name, haproxy } of loadBalancers) {
    const revive = async (how: string): Promise<void> => {
      if (signal.aborted) return;
      say(`HAProxy ${name} ended (${how}) and is started again`);
      await haproxy.restart();
      await fetch(`${forwarderUrl}/notify`, { method: 'POST' });
      await haproxy.child.ended.then(revive);
    };
    haproxy.child.ended.then(revive).catch((error) => end(messageOf(error), 1));
  }
}

async function run({ seconds, demo }: StartOptions, config: RenderConfig, harness: Harness): Promise<number> {
  const stop = new AbortController();
  const { ended, end } = untilEnd();
  const historyFile = join(harness.dir, 'history.jsonl');
  const history = startHistory(historyFile, config, say);
  const shown = makeShown(history);
  const onFinished = (finished: Finished): void => {
    if (!stop.signal.aborted) shown.finished(finished);
  };
  const setup = await Promise.race([
    startLocal(harness, { config, historyFile, onFinished, onLog: () => undefined }),
    ended,
  ]);
  if ('why' in setup) return setup.code;
  if (seconds !== undefined) setTimeout(() => end(`${seconds} s have passed`), seconds * 1000);
  shown.begin(setup, watchIndexes(setup.consul, servicesOf(setup)));
  watchChildren(setup, stop.signal, end);
  print(introduction(setup, { demo }));
  for (const { registration } of setup.nodes.registered) await setup.consul.register(registration);
  if (demo) {
    demonstrate(setup, (line) => say(pc.cyan(line)), stop.signal).catch((error) => {
      if (!stop.signal.aborted) say(pc.red(`demonstration: ${messageOf(error)}`));
    });
  }
  const { why, code } = await ended;
  stop.abort();
  shown.end();
  history.close();
  say(`${why}; everything is being stopped`);
  return code;
}

const servicesOf = ({ config }: LocalSetup): string[] => [
  ...new Set(config.pools.map(({ service }) => service)),
];

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    print(USAGE);
    return 0;
  }
  const config = readStartConfig(process.env);
  const harness = await startHarness();
  try {
    return await run(options, config, harness);
  } finally {
    await harness.close();
  }
}

function fail(error: unknown): void {
  const lines = error instanceof ConfigError ? error.problems.map(settingText) : [messageOf(error)];
  for (const line of lines) process.stderr.write(`npm start: ${line}\n`);
  process.exit(1);
}

process.on('uncaughtException', fail);
main().then((code) => process.exit(code), fail);
