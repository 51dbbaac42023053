// Tells systemd how it goes: sd_notify(3), through systemd's own program, since Node has no datagrams to unix sockets.
import { spawn } from 'node:child_process';

export interface Notify {
  /** Ready, or still so; with what `systemctl status` shows. */
  ready(status: string): void;
  stopping(): void;
  /** Half of the time in which systemd wants to hear of us, in milliseconds; undefined: it does not. */
  readonly watchdogMs?: number;
  alive(): void;
}

export interface NotifyDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly log: (line: string) => void;
  /** Between two words to systemd, in milliseconds: each is a process, and runs may follow each other closely. */
  readonly restMs?: number;
}

const REST_MS = 1_000;

/**
 * Does nothing where systemd did not ask for it. The unit needs `NotifyAccess=all`: it is a child that tells. One
 * after the other, and only the newest of what waits: each has all that is to be said.
 */
export function makeNotify({ env, pid, log, restMs = REST_MS }: NotifyDeps): Notify {
  let told: string | undefined;
  let next: readonly string[] | undefined;
  let running = false;
  let isBroken = false;

  function send(): void {
    if (!next || running || isBroken) return;
    const fields = next;
    next = undefined;
    running = true;
    const child = spawn('systemd-notify', fields, { env: { ...env }, stdio: 'ignore' });
    const end = (): void => {
      running = false;
      send();
    };
    child.once('exit', () => void setTimeout(end, restMs).unref());
    child.once('error', (error) => {
      isBroken = true;
      log(`systemd cannot be told (systemd-notify: ${error.message}); use Type=exec, without WatchdogSec`);
      end();
    });
  }
  const tell = (...fields: readonly string[]): void => {
    if (!env.NOTIFY_SOCKET) return;
    next = fields;
    send();
  };
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: whose } = env;
  const isOurs = whose === undefined || whose === '' || Number(whose) === pid;
  const watchdogMs = env.NOTIFY_SOCKET && isOurs && Number(usec) > 0 ? Number(usec) / 2_000 : undefined;
  return {
    ...(watchdogMs === undefined ? {} : { watchdogMs }),
    ready(status) {
      if (status === told) return;
      told = status;
      tell('READY=1', `STATUS=${status}`, 'WATCHDOG=1');
    },
    stopping: () => {
      running = false;
      tell('STOPPING=1');
    },
    alive: () => tell('WATCHDOG=1', ...(told === undefined ? [] : ['READY=1', `STATUS=${told}`])),
  };
}
