// Whether this machine gives out terminals: a bare container without /dev/pts does not.
import { spawnSync } from 'node:child_process';

/** As `script` of util-linux finds out. */
export const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
