// Runs commands as root: directly, or by sudo where it asks no question.
import { spawnSync } from 'node:child_process';
import { findCommand, run } from './debian.mjs';

/** A `run` whose commands are root's; undefined where nobody here may become root. */
export function rootRunner() {
  const prefix = rootPrefix();
  if (!prefix) return undefined;
  return (command, args, options) => {
    const [first, ...rest] = [...prefix, command, ...args];
    return run(first, rest, options);
  };
}

/** The words before a command that make it root's. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const allowed = findCommand('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0;
  return allowed ? ['sudo', '-n', 'env', 'LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive'] : undefined;
}
