// Runs vitest in a process of its own and counts, for the runs that are made of several.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linesWithSecrets, notedSecrets, SECRETS_FILE } from '../infra/local/secrets.js';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** Takes what is for people: ours stays for the counts. */
const toStderr = (text: string): void => void process.stderr.write(text);

/**
 * Runs the tests that vitest's `args` name (all of them when they name none) with what is added to our
 * environment. A secret of the set-up in anything that is printed is one more failure.
 */
export async function runVitest(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  print: (text: string) => void = toStderr,
): Promise<Counts> {
  const dir = mkdtempSync(join(tmpdir(), 'iri-lb-tests-'));
  const file = join(dir, 'result.json');
  const secretsFile = join(dir, 'secrets');
  writeFileSync(secretsFile, '', { mode: 0o600 });
  let output = '';
  const heard = (text: string): void => {
    output += text;
    print(text);
  };
  try {
    const code = await exitOf(
      [VITEST, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
      { ...colours(), ...process.env, ...env, [SECRETS_FILE]: secretsFile },
      heard,
    );
    const { passed, failed } = countsOf(file, code);
    const lines = linesWithSecrets(output, notedSecrets(secretsFile));
    if (lines.length > 0) print(`\nFAIL a secret was printed:\n${lines.join('\n')}\n`);
    return { passed, failed: failed + (lines.length > 0 ? 1 : 0) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Its output comes through us, and may have colours where ours may. */
const colours = (): NodeJS.ProcessEnv => (process.stderr.isTTY ? { FORCE_COLOR: '1' } : {});

function exitOf(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  heard: (text: string) => void,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', heard);
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/** A run that failed otherwise than by a test (a file that does not load, an error outside) counts as one. */
function countsOf(file: string, code: number | null): Counts {
  let passed = 0;
  let failed = 0;
  try {
    const result: unknown = JSON.parse(readFileSync(file, 'utf8'));
    passed = numberIn(result, 'numPassedTests');
    failed = numberIn(result, 'numFailedTests');
  } catch {
    // No result at all: the exit status says so.
  }
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

function numberIn(value: unknown, name: string): number {
  const found = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'number' ? found : 0;
}
