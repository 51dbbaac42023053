// A file for `. FILE` in somebody's shell, after which `iri-lb` is ours and asks the local set-up.
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ENVIRONMENT } from '../../lib/cli/environment-help.js';

/**
 * Writes it into `dir` and returns its path. It holds the values of `env`, a token among them, and takes away what
 * else of the shell's environment `iri-lb` would heed; `commandLine` is the built program.
 */
export function writeShellEnv(
  dir: string,
  env: Readonly<Record<string, string>>,
  commandLine: string,
): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const program = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(commandLine)} "$@"\n`;
  writeFileSync(join(bin, 'iri-lb'), program, { mode: 0o755 });
  const others = ENVIRONMENT.flatMap(({ names }) => names).filter(
    (name) => name !== 'NO_COLOR' && !(name in env),
  );
  const file = join(dir, 'env');
  const lines = [
    `unset ${others.join(' ')}`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `export PATH=${quoted(bin)}${delimiter}"$PATH"`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** As it is pasted into a shell, whatever it holds. */
export const shellWord = (text: string): string => (/^[A-Za-z0-9_.:@/-]+$/.test(text) ? text : quoted(text));

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
