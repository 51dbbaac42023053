// `npm run test:matrix`: the tests that concern HAProxy, once per version of it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { haproxyBin } from '../infra/local/programs.js';
import { messageOf } from '../lib/model/errors.js';
import { runVitest } from './vitest-run.js';

/** `system` is what `HAPROXY_BIN` or the PATH says; the others are Debian suites. */
const ALL = ['system', 'trixie', 'sid'];
const FOLDERS = [
  'test/haproxy',
  'test/integration',
  'test/render',
  'test/doctor',
  'test/iri/rotation.test.ts',
];

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

function binaryOf(suite: string): string {
  if (suite === 'system') return haproxyBin();
  const script = at('infra/setup/haproxy-versions.mjs');
  return execFileSync(process.execPath, [script, suite], { encoding: 'utf8' }).trim();
}

/** `2.6.12`, from `HAProxy version 2.6.12-1+deb12u4 …`. */
function versionOf(bin: string): string {
  return /version ([\d.]+)/.exec(execFileSync(bin, ['-v'], { encoding: 'utf8' }))?.[1] ?? 'of no version';
}

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.find((suite) => !ALL.includes(suite));
  if (unknown !== undefined)
    throw new Error(`${JSON.stringify(unknown)}: use ${ALL.join(', ')}, or none for all`);
  const folders = FOLDERS.filter((folder) => existsSync(at(folder)));
  const lines: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const suite of asked.length > 0 ? asked : ALL) {
    const bin = binaryOf(suite);
    const counts = await runVitest(folders, { HAPROXY_BIN: bin });
    const version = `HAProxy ${versionOf(bin).padEnd(8)}`;
    for (const failure of counts.failures) lines.push(`FAILED ${version} ${failure}`);
    lines.push(`${version} ${counts.passed} passed, ${counts.failed} failed`);
    passed += counts.passed;
    failed += counts.failed;
  }
  for (const line of lines) console.log(line);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`test:matrix: ${messageOf(error)}`);
    process.exit(1);
  },
);
