// Starts the shell that outlives us for a moment, and clears up when we were killed without a chance to.
import { spawn } from 'node:child_process';

/** Set in every child, so that one which left its process group is found as well. */
export const MARKER = 'IRI_LB_HARNESS';

/**
 * Reads `+ PGID` and `- PGID` from a pipe that only we hold. Its end is our end, however that came about
 * (SIGKILL included): what is still registered is killed, and the folder is removed.
 */
const SCRIPT = `
trap '' HUP INT TERM
dir=$1 groups=' '
while read -r op pgid; do
  case $op in
    +) groups="$groups$pgid " ;;
    -) groups="\${groups%% $pgid *} \${groups#* $pgid }" ;;
  esac
done
for pgid in $groups; do kill -KILL -- "-$pgid"; done
for file in $(grep -lszxF "${MARKER}=$dir" /proc/[0-9]*/environ); do
  pid=\${file#/proc/}
  kill -KILL "\${pid%/environ}"
done
tries=0
until rm -rf -- "$dir" || [ $tries -ge 50 ]; do tries=$((tries + 1)); sleep 0.1; done
`;

export interface Reaper {
  /** A process group to kill when we are gone. */
  add(pgid: number): void;
  /** The group has ended by itself: its number may soon be somebody else's. */
  remove(pgid: number): void;
  /** Nothing is left to watch; resolves when the shell has ended. */
  close(): Promise<void>;
}

/** Starts the reaper of `dir` in a session of its own, which no signal from the terminal reaches. */
export function startReaper(dir: string): Reaper {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'iri-lb-reaper', dir], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const pipe = shell.stdin;
  const ended = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve());
    shell.once('error', () => resolve());
  });
  pipe.on('error', () => undefined);
  // Neither may keep a finished test run alive.
  shell.unref();
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  return {
    add: (pgid) => pipe.write(`+ ${pgid}\n`),
    remove: (pgid) => pipe.write(`- ${pgid}\n`),
    close: () => {
      shell.ref();
      pipe.end();
      return ended;
    },
  };
}
