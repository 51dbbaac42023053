// Notices that the npm which started us was killed: it can tell nobody, and its shell waits on for us.
import { readFileSync } from 'node:fs';

/** Calls `tell` once, when npm has gone. Does nothing where npm did not start this process. */
export function onceNpmIsGone(tell: () => void): void {
  if (!process.env.npm_lifecycle_event) return;
  const before = ancestors();
  const timer = setInterval(() => {
    if (ancestors() === before) return;
    clearInterval(timer);
    tell();
  }, 500);
  timer.unref();
}

/** npm's process and what stands between it and us: one shell, or nothing where the shell gave way to us. */
function ancestors(): string {
  const parent = process.ppid;
  const { name, ppid } = describe(parent);
  return name.startsWith('npm') ? `${parent}` : `${parent} ${ppid}`;
}

/** From `/proc`; empty where there is none. */
function describe(pid: number): { name: string; ppid: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const end = stat.lastIndexOf(')');
    return { name: stat.slice(stat.indexOf('(') + 1, end), ppid: stat.slice(end + 2).split(' ')[1] ?? '' };
  } catch {
    return { name: '', ppid: '' };
  }
}
