// Runs vitest in a process of its own and counts, for the runs that are made of several.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linesWithSecrets, notedSecrets, SECRETS_FILE } from '../infra/local/secrets.js';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** What failed, each in a few lines: to be repeated where the end of a long output is all that is kept. */
  readonly failures: readonly string[];
}

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** Takes what is for people: ours stays for the counts. */
const toStderr = (text: string): void => void process.stderr.write(text);

/**
 * Runs the tests that vitest's `args` name (all of them when they name none) with what is added to our
 * environment, on the Node whose binary is `node`. A secret of the set-up in anything that is printed is one more
 * failure.
 */
export async function runVitest(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  print: (text: string) => void = toStderr,
  node: string = process.execPath,
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
      node,
      [VITEST, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
      { ...colours(), ...process.env, ...env, [SECRETS_FILE]: secretsFile },
      heard,
    );
    const counts = countsOf(file, code);
    const lines = linesWithSecrets(output, notedSecrets(secretsFile));
    if (lines.length === 0) return counts;
    const failure = `a secret was printed:\n${lines.join('\n')}`;
    print(`\nFAIL ${failure}\n`);
    return { ...counts, failed: counts.failed + 1, failures: [...counts.failures, failure] };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Its output comes through us, and may have colours where ours may. */
const colours = (): NodeJS.ProcessEnv => (process.stderr.isTTY ? { FORCE_COLOR: '1' } : {});

function exitOf(
  node: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  heard: (text: string) => void,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', heard);
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/** A run that failed otherwise than by a test (a file that does not load, an error outside) counts as one. */
function countsOf(file: string, code: number | null): Counts {
  let passed = 0;
  let failed = 0;
  const failures: string[] = [];
  try {
    const result: unknown = JSON.parse(readFileSync(file, 'utf8'));
    passed = Number(field(result, 'numPassedTests') ?? 0);
    failed = Number(field(result, 'numFailedTests') ?? 0);
    for (const each of listIn(result, 'testResults')) failures.push(...failuresOf(each));
  } catch {
    // No result at all: the exit status says so.
  }
  if (failed === 0 && code !== 0)
    return { passed, failed: 1, failures: [...failures, `exit status ${code}`] };
  return { passed, failed, failures };
}

const MESSAGE_LINES = 12;

/** Of one test file: its failed tests with the beginnings of what they say, and why it did not load. */
function failuresOf(result: unknown): string[] {
  const name = relative(process.cwd(), String(field(result, 'name')));
  const failures = listIn(result, 'assertionResults')
    .filter((test) => field(test, 'status') === 'failed')
    .map((test) => `${name} > ${field(test, 'fullName')}\n${listIn(test, 'failureMessages').join('\n')}`);
  const message = field(result, 'message');
  if (typeof message === 'string' && message !== '') failures.push(`${name}\n${message}`);
  return failures.map((text) => text.split('\n').slice(0, MESSAGE_LINES).join('\n'));
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

function listIn(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
