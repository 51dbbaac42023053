// Runs every step, each whatever became of the others, and counts what passed and what failed.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;

/** What the steps that failed said last, told again before the end: not everybody keeps all of a long output. */
const ends = [];
const END_LINES = 80;

/** A step that passes or fails as a whole. */
function step(name, command, args) {
  const { status, output } = run(name, command, args, 'pipe');
  if (status !== 0) ends.push([name, output]);
  count(name, status === 0 ? 1 : 0, status === 0 ? 0 : 1);
  return status === 0;
}

/** A step that prints `N passed, N failed` as its last line; without that it is one failure. */
function tests(name, command, args, env = {}) {
  const { status, output } = run(name, command, args, 'inherit', env);
  const [counts, good = '0', bad = '0'] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
  const lost = (status !== 0 && Number(bad) === 0) || counts === undefined ? 1 : 0;
  if (Number(bad) + lost > 0) ends.push([name, output]);
  count(name, Number(good), Number(bad) + lost);
}

function run(name, command, args, stderr, env = {}) {
  console.log(`\n== ${name}`);
  const result = spawnSync(command, args, {
    env: { ...process.env, ...env },
    stdio: ['inherit', 'pipe', stderr],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const output = `${result.stderr ?? ''}${result.stdout ?? ''}`;
  process.stdout.write(output);
  return { status: result.status, output };
}

function count(name, good, bad) {
  passed += good;
  failed += bad;
  console.log(`-- ${name}: ${good} passed, ${bad} failed`);
}

/** Runs a command in a fresh clone of what is committed, on a bare Debian; passes on its output and exit status. */
const FRESH_MACHINE = '../shared/tools/fresh-machine';

/** Whether there is such a machine to be had; inside one there is no need of another. */
function hasFreshMachine() {
  if (process.env.FRESH_MACHINE) return false;
  try {
    accessSync(FRESH_MACHINE, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const tsx = ['--import', 'tsx'];
/** What needs a terminal, which the bare Debian has none to give. */
const TERMINAL = ['test/cli/terminal.test.ts', 'test/cli/progress.test.ts'];
/** What `npm test` does in seconds or not at all takes a minute here; side by side, since most of it is waiting. */
const MINUTE = {
  files: ['test/consul/leader.test.ts', 'test/consul/expired.test.ts', 'test/forwarder/outage.test.ts'],
  env: { CHURN_SECONDS: '60', EXPIRY_SECONDS: '60', OUTAGE_SECONDS: '60' },
};
if (step('set-up', process.execPath, ['infra/setup/setup.mjs', '--tests'])) {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  step('lint', 'npm', ['run', '--silent', 'lint']);
  if (existsSync('infra/app.ts')) step('synth', 'npm', ['run', '--silent', 'synth']);
  const others = MINUTE.files.flatMap((file) => ['--exclude', file]);
  const npmTest = ['test', '--silent', '--', ...others];
  if (hasFreshMachine())
    tests('npm test of what is committed, on a bare Debian', FRESH_MACHINE, ['npm', ...npmTest]);
  else tests('npm test', 'npm', npmTest);
  if (hasFreshMachine())
    tests('the package on a host without a checkout', FRESH_MACHINE, ['.ci/package-on-a-host']);
  const together = [
    ...tsx,
    'test/all.ts',
    ...MINUTE.files,
    ...TERMINAL,
    `--maxWorkers=${MINUTE.files.length}`,
  ];
  tests('tests of a minute', process.execPath, together, MINUTE.env);
  // The system's own version is what all the tests ran on.
  const lanes = ['trixie', 'sid', 'experimental', 'node24'];
  tests('tests on HAProxy 3.0, 3.2, 3.4 and on Node 24', process.execPath, [
    ...tsx,
    'test/matrix.ts',
    ...lanes,
  ]);
  if (scripts['test:ric']) step('Lambda runtime', 'npm', ['run', '--silent', 'test:ric']);
  step('npm start', 'npm', ['start', '--silent', '--', '--for', '20']);
}
for (const [name, output] of ends) {
  console.log(`\n== failed: ${name}`);
  console.log(output.trimEnd().split('\n').slice(-END_LINES).join('\n'));
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
