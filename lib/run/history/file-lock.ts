// One writer of a file: a lock beside it that names its holder, and that nobody has whose process is gone.
import {
  closeSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from '../../model/errors.js';

/** Who has the lock. A pid alone would soon be somebody else's. */
interface Holder {
  readonly pid: number;
  /** When it began, as its kernel counts; '' where that cannot be read. */
  readonly began: string;
  /** Host and pid namespace: elsewhere nobody can see whether it is alive. */
  readonly where: string;
}

export interface FileLock {
  /** Says that the holder is alive, once a minute at least. False: somebody else took it for dead. */
  renew(nowMs: number): boolean;
  release(): void;
}

/** A holder elsewhere is gone when it has not said for so long that it is alive, in milliseconds. */
const STALE_MS = 180_000;
/** A lock without a name in it is one that is being made, for so long. */
const UNNAMED_MS = 5_000;

/**
 * Takes the lock at `path`, or says who has it (`process 4711`). Throws what the file system does where no file can
 * be made there.
 */
export function takeLock(path: string, nowMs: number): FileLock | { readonly heldBy: string } {
  const own: Holder = { pid: process.pid, began: beganOf('self'), where: whereWeAre() };
  for (let attempt = 0; ; attempt += 1) {
    try {
      make(path, own);
      return lockOf(path, own);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const heldBy = holderOf(path, own, nowMs);
    if (heldBy !== undefined) return { heldBy };
    if (attempt > 0) return { heldBy: 'another process' };
    rmSync(path, { force: true });
  }
}

function make(path: string, own: Holder): void {
  const fd = openSync(path, 'wx', 0o640);
  try {
    writeSync(fd, JSON.stringify(own));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function lockOf(path: string, own: Holder): FileLock {
  const isOurs = (): boolean => {
    const holder = read(path);
    return holder?.pid === own.pid && holder.began === own.began && holder.where === own.where;
  };
  return {
    renew(nowMs) {
      if (!isOurs()) return false;
      utimesSync(path, nowMs / 1_000, nowMs / 1_000);
      return true;
    },
    release() {
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

/** Who has it; undefined: nobody who is alive. */
function holderOf(path: string, own: Holder, nowMs: number): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const ageMs = nowMs - stat.mtimeMs;
  const holder = read(path);
  if (!holder) return ageMs > UNNAMED_MS ? undefined : 'another process';
  if (holder.where !== own.where)
    return ageMs > STALE_MS ? undefined : `process ${holder.pid} of another host or container`;
  return isAlive(holder) ? `process ${holder.pid}` : undefined;
}

function read(path: string): Holder | undefined {
  try {
    const { pid, began, where } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    return Number.isSafeInteger(pid) && typeof began === 'string' && typeof where === 'string'
      ? { pid: Number(pid), began, where }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, began }: Holder): boolean {
  if (began !== '') return beganOf(pid) === began;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** proc_pid_stat(5): field 22, counted behind the name, which may hold anything. */
function beganOf(pid: number | 'self'): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function whereWeAre(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
