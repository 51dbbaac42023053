// `iri-lb serve` as a process: the page by itself, reading only, until it is told to stop.
import { withParameters } from '../config/pem-parameters.js';
import { ssmParameters } from '../config/ssm.js';
import { BUILD } from '../model/build.js';
import type { SettingProblem } from '../model/errors.js';
import { systemLookup } from '../run/lookup.js';
import { makeRunner } from '../run/runner.js';
import { systemClock } from '../run/system-clock.js';
import { json } from '../serve/http.js';
import { ownListeners } from '../serve/own-listeners.js';
import { builtPage } from '../serve/page/assets.js';
import { makePage, type PageServer } from '../serve/page/page.js';
import { pageRoutes } from '../serve/page/routes.js';
import { makeWatches } from '../serve/page/watches.js';
import { EXIT } from './exit-status.js';
import { type Listen, type ListenFlags, readListen } from './listen-options.js';
import { openPort } from './open-port.js';
import { settingsOf, type Terminal } from './output.js';
import { makeServeFeed } from './serve-feed.js';
import { usageError, usageProblems } from './usage.js';

export interface ServeFlags extends ListenFlags {
  readonly from?: string;
}

/** What ends the process. */
export interface StopSignals {
  once(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
}

/** Resolves when it was told to stop. Throws where it cannot be started. */
export async function serveProcess(
  flags: ServeFlags,
  terminal: Terminal,
  signals: StopSignals = process,
): Promise<void> {
  const listen = readServeFlags(flags);
  const env = await withParameters(terminal.env, systemClock, ssmParameters(undefined, systemLookup));
  const settings = settingsOf({ ...terminal, env });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) signals.once(signal, resolve);
  });
  let page: PageServer | undefined;
  const feed = makeServeFeed({
    env: terminal.env,
    from: flags.from,
    clock: systemClock,
    config: settings.config,
    onEvent: (event, isFound) => page?.happened(event, isFound),
    onSource: () => page?.sourceChanged(),
    onRun: (run) => page?.ran(run),
    log: terminal.err,
  });
  await feed.check();
  const http = await openPort(listen, (access) => ({
    ...pageRoutes({ files: builtPage(), access, page: () => page }),
    '/live': { open: true, answer: () => json(200, { live: true }) },
    '/health': () => json(200, { version: 1, program: 'iri-lb serve', build: BUILD, ok: true }),
    '/metrics': () => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: metrics(page),
    }),
  }));
  if (http.madeToken) terminal.err(`iri-lb: a new token is in ${flags.tokenFile}`);
  const runner = makeRunner(settings, terminal.err, { listeners: ownListeners(http.ip, http.port) });
  const watches = makeWatches(settings, terminal.err, () => page?.consulChanged());
  page = makePage({
    runner: () => runner,
    feed,
    isWatched: watches.areWatched,
    clock: systemClock,
    onWatched: (isWatched) => {
      if (isWatched) {
        watches.open();
        feed.open();
      } else {
        watches.close();
        feed.close();
      }
    },
  });
  terminal.out(`the page is at ${http.url}/`);
  try {
    await stopped;
  } finally {
    page.close();
    watches.close();
    feed.close();
    http.close();
    runner.client.close();
  }
  terminal.exit(EXIT.ok);
}

function readServeFlags(flags: ServeFlags): Listen {
  const problems: SettingProblem[] = [];
  const listen = readListen(flags, (path, message) => problems.push({ path, message }));
  if (problems.length > 0) throw usageProblems(problems);
  if (!listen) throw usageError('--listen off leaves nothing to serve; name an address');
  return listen;
}

/** Of this process alone: who keeps the fleet has those of the runs. */
function metrics(page: PageServer | undefined): string {
  const { user, system } = process.cpuUsage();
  const rows: readonly (readonly [string, string, string, number])[] = [
    ['iri_lb_page_browsers', 'gauge', 'Browsers that have the page open', page?.browsers ?? 0],
    ['iri_lb_page_looks_total', 'counter', 'Looks at the fleet', page?.looks.count ?? 0],
    ['iri_lb_page_look_seconds_total', 'counter', 'What they took', (page?.looks.totalMs ?? 0) / 1_000],
    ['process_cpu_seconds_total', 'counter', 'User and system time', (user + system) / 1e6],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory', process.memoryUsage.rss()],
  ];
  return rows
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}
