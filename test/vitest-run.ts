// Runs vitest in a process of its own and counts, for the runs that are made of several.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** Runs the tests in `folders` (all of them when there are none) with what is added to our environment. */
export async function runVitest(
  folders: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Counts> {
  const dir = mkdtempSync(join(tmpdir(), 'iri-lb-tests-'));
  const file = join(dir, 'result.json');
  try {
    const code = await exitOf(
      [VITEST, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...folders],
      { ...process.env, ...env },
    );
    return countsOf(file, code);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function exitOf(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  return new Promise((resolve, reject) => {
    // Its output is for people; ours stays for the counts.
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 2, 2] });
    child.once('error', reject);
    child.once('exit', resolve);
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
