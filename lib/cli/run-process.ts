// `iri-lb run` as a process: flags, signals, HTTP and systemd around the daemon.
import type { Settings } from '../config/environment.js';
import { fingerprintOf } from '../config/fingerprint.js';
import { withParameters } from '../config/pem-parameters.js';
import { ssmParameters } from '../config/ssm.js';
import { makeTokenSource } from '../consul/token.js';
import { buildText } from '../model/build.js';
import { messageOf } from '../model/errors.js';
import { type Daemon, startDaemon } from '../run/daemon/daemon.js';
import { keepSmall } from '../run/daemon/keep-small.js';
import { makeRunLog } from '../run/daemon/log.js';
import { makeNotify } from '../run/daemon/systemd.js';
import { makeHistory } from '../run/history/history.js';
import { systemLookup } from '../run/lookup.js';
import { systemClock } from '../run/system-clock.js';
import { ownListeners } from '../serve/own-listeners.js';
import { makePlot } from '../serve/page/plot.js';
import { runRoutes } from '../serve/run-routes.js';
import { EXIT } from './exit-status.js';
import { openPort } from './open-port.js';
import { settingsOf, type Terminal } from './output.js';
import { type RunFlags, type RunOptions, readRunOptions } from './run-options.js';
import { makeRunPage } from './run-page.js';

/** What tells the process to do something else. */
export interface Signals {
  on(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): unknown;
  /** At once, whatever is under way. */
  end(status: number): void;
}

const processSignals: Signals = {
  on: (signal, listener) => process.on(signal, listener),
  end: (status) => process.exit(status),
};

/** Resolves when it was told to stop, and has. Throws where it cannot be started. */
export async function runProcess(
  flags: RunFlags,
  terminal: Terminal,
  signals: Signals = processSignals,
): Promise<void> {
  const options = readRunOptions(flags);
  if (flags.check) return check(options, terminal);
  const staySmall = keepSmall();
  const log = makeRunLog({ write: terminal.err, clock: systemClock });
  const warn = (line: string): void => void log.say('WARN', line);
  const notify = makeNotify({ env: terminal.env, pid: process.pid, log: warn });
  let daemon: Daemon | undefined;
  const stopped = stopSignal(signals);
  // Whatever comes before there is something to be read again has been read.
  signals.on('SIGHUP', () => void daemon?.reload().catch((error: unknown) => warn(messageOf(error))));

  const plot = makePlot();
  const page = makeRunPage(() => daemon, plot);
  const { '/live': live, ...routes } = runRoutes(() => daemon);
  const http =
    options.listen &&
    (await openPort(options.listen, (access) => ({
      ...page.routes(access),
      ...routes,
      ...(live ? { '/live': { open: true as const, answer: live } } : {}),
    })));
  let beat: NodeJS.Timeout | undefined;
  try {
    let isReady = false;
    daemon = await startDaemon({
      ...options,
      log,
      read: () => readAll(terminal),
      history: (fingerprint) =>
        makeHistory({
          clock: systemClock,
          warn,
          who: { build: buildText(), configuration: fingerprint },
          everyMs: options.resyncMs,
          ...(options.history === undefined ? {} : { file: options.history }),
        }),
      onChange: () => {
        if (daemon && isReady) notify.ready(daemon.status());
      },
      ...(http ? { listeners: ownListeners(http.ip, http.port) } : {}),
      onRuns: {
        runBegins: () => page.current()?.runBegins(),
        runEnds: (isLook) => {
          staySmall();
          page.current()?.runEnds(isLook);
        },
        ran: (run) => (page.current() ? page.current()?.ran(run) : plot.add(run)),
      },
    });
    if (http) log.say('INFO', `listening on ${http.url}, the page is at ${http.url}/`);
    if (http?.madeToken) log.say('INFO', `a new token is in ${options.listen?.tokenFile}`);
    if (notify.watchdogMs !== undefined)
      beat = setInterval(() => daemon?.isAlive() && notify.alive(), notify.watchdogMs);
    await Promise.race([daemon.ready, stopped]);
    isReady = true;
    notify.ready(daemon.status());
    await stopped;
    notify.stopping();
    await daemon.stop();
    terminal.exit(EXIT.ok);
    // Whatever may still hold the process: all that it had to do is done.
    signals.end(EXIT.ok);
  } finally {
    clearInterval(beat);
    page.close();
    http?.close();
  }
}

/** Resolves at the first signal to stop; the second ends the process. */
function stopSignal(signals: Signals): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      signals.on(signal, () => {
        if (asked) signals.end(EXIT.failed);
        asked = true;
        resolve();
      });
  });
}

/** Everything that is read again at SIGHUP. Throws what cannot be used: settings, parameters, the token file. */
async function readAll(terminal: Terminal): Promise<Settings> {
  const env = await withParameters(terminal.env, systemClock, ssmParameters(undefined, systemLookup));
  const settings = settingsOf({ ...terminal, env });
  await checkToken(settings);
  return settings;
}

/** A file is read here; a parameter, which is far away and may be so for a while, is read by the runs. */
async function checkToken({ consul }: Settings): Promise<void> {
  if (consul.tokenFile === undefined || consul.tokenParameter !== undefined) return;
  await makeTokenSource(consul, { clock: systemClock }).get();
}

/** Offline: what is named by `ssm:` counts as well. */
async function check({ listen, resyncMs }: RunOptions, terminal: Terminal): Promise<void> {
  const env = Object.fromEntries(
    Object.entries(terminal.env).map(([name, value]) => [name, value?.startsWith('ssm:') ? SOME_PEM : value]),
  );
  const settings = settingsOf({ ...terminal, env });
  await checkToken(settings);
  const pools = settings.config.pools.map(({ backend }) => backend).join(', ');
  const http = listen ? `HTTP on ${listen.host}:${listen.port}` : 'no HTTP';
  terminal.out(
    `configuration ${fingerprintOf(settings.config)} can be used: ${pools}; resync every ${resyncMs / 1_000} s; ${http}`,
  );
}

/** Stands for a certificate that is far away. */
const SOME_PEM = '-----BEGIN ';
