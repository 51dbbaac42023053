// A token of the local set-up that a test prints, wherever, fails the run that it was printed in.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runVitest } from '../vitest-run.js';

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).pathname);
const SECRET = 'b1gs7cr3-0000-4000-8000-00000000c0de';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'iri-lb-printed-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A run of one passing test that keeps the secret in the parameter store and then does `body`. */
async function runOf(body: string) {
  const lines = [
    `import { startParameterStore } from ${here('../../infra/local/parameter-store.ts')};`,
    `test('passes', async () => {`,
    `  const store = await startParameterStore({ '/token': '${SECRET}' });`,
    `  await store.close();`,
    `  ${body}`,
    `});`,
  ];
  writeFileSync(join(dir, 'one.test.ts'), lines.join('\n'));
  let printed = '';
  const print = (text: string): void => {
    printed += text;
  };
  return { ...(await runVitest(['--root', dir, '--globals'], {}, print)), printed };
}

test('a run that prints none passes', async () => {
  expect(await runOf('console.log("nothing to see");')).toMatchObject({ passed: 1, failed: 0 });
});

test.each([
  ['a line', `console.log('the token is ${SECRET}');`],
  ['an error on stderr', `process.stderr.write('\\u001b[31mb1gs7cr3\\u001b[0m${SECRET.slice(8)}\\n');`],
  [
    'what a child process prints',
    `(await import('node:child_process')).execFileSync('sh', ['-c', 'echo ${SECRET} >&2'], { stdio: 'inherit' });`,
  ],
])('a run that prints it in %s fails, and shows the line without it', async (_, body) => {
  const { passed, failed, printed } = await runOf(body);
  expect({ passed, failed }).toEqual({ passed: 1, failed: 1 });
  expect(printed).toMatch(/FAIL a secret was printed:\n(.*\n)*.*\(secret\)/);
});

test('a run tells again what failed, by file and name', async () => {
  const { failed, failures } = await runOf("throw new Error('what was wrong');");
  expect({ failed, count: failures.length }).toEqual({ failed: 1, count: 1 });
  expect(failures[0]).toMatch(/one\.test\.ts > passes\nError: what was wrong/);
});

test('a run whose file does not load tells why', async () => {
  const { failed, failures } = await runOf('}); throw new Error("no such thing"); (() => {');
  expect(failed).toBe(1);
  expect(failures.join('\n')).toMatch(/one\.test\.ts\n.*no such thing/);
});
