// Finds what a program that was started with this TMPDIR has left: processes by their environment, and files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** It, and all that inherited the environment from it; those that have ended (zombies) do not count. */
export function processesOf(tmp: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isRunning(pid) && readProc(pid, 'environ').split('\0').includes(`TMPDIR=${tmp}`));
}

export function isRunning(pid: number): boolean {
  // The state follows the name, which is in parentheses and may hold anything.
  const stat = readProc(pid, 'stat');
  return stat !== '' && !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
}

/** Names of harness folders in `tmp`. */
export function foldersOf(tmp: string): string[] {
  return existsSync(tmp) ? readdirSync(tmp).filter((name) => name.startsWith('iri-lb-')) : [];
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** Its command line, with blanks between the arguments. */
export function commandOf(pid: number): string {
  return readProc(pid, 'cmdline').replaceAll('\0', ' ');
}
