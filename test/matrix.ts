// `npm run test:matrix`: the tests that concern HAProxy, once per version of it, and what is deployed on Lambda's Node.
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { haproxyBin } from '../infra/local/programs.js';
import { messageOf } from '../lib/model/errors.js';
import { mapBounded } from '../lib/run/map-bounded.js';
import { type Counts, runVitest } from './vitest-run.js';

/** One run of tests, on one version of what it is about. */
interface Lane {
  /** `HAProxy 3.0.11`. */
  readonly title: string;
  readonly tests: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly node?: string;
}

const ON_HAPROXY = [
  'test/haproxy',
  'test/integration',
  'test/render',
  'test/doctor',
  'test/iri/rotation.test.ts',
];

/** What the functions and the forwarder are made of, from source and as they are built. */
const ON_NODE = [
  'test/infra/bundles.test.ts',
  'test/integration',
  'test/run',
  'test/consul',
  'test/config',
  'test/forwarder',
  'test/serve',
  'test/telemetry',
  'test/local/lambda-endpoint.test.ts',
];

/** `system` is what `HAPROXY_BIN` or the PATH says; the others are Debian suites, and the Node of Lambda. */
const LANES: Readonly<Record<string, () => Lane>> = {
  system: () => onHAProxy(haproxyBin()),
  trixie: () => onHAProxy(setUp('haproxy-versions.mjs', 'trixie')),
  sid: () => onHAProxy(setUp('haproxy-versions.mjs', 'sid')),
  experimental: () => onHAProxy(setUp('haproxy-versions.mjs', 'experimental')),
  node24: () => onNode(setUp('node-versions.mjs', '24')),
};

/** As many test files at a time as `npm test` has: with more, waits that are long enough would run out. */
const FILES_AT_A_TIME = Math.max(2, availableParallelism() - 1);

function onHAProxy(bin: string): Lane {
  const said = execFileSync(bin, ['-v'], { encoding: 'utf8' });
  const version = /version ([\d.]+)/.exec(said)?.[1] ?? 'of no version';
  return { title: `HAProxy ${version}`, tests: ON_HAPROXY, env: { HAPROXY_BIN: bin } };
}

function onNode(node: string): Lane {
  const title = `Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1)}`;
  // Whatever asks for `node` gets this one, too.
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  return { title, tests: ON_NODE, env: { PATH }, node };
}

function setUp(script: string, version: string): string {
  const path = fileURLToPath(new URL(`../infra/setup/${script}`, import.meta.url));
  return execFileSync(process.execPath, [path, version], { encoding: 'utf8' }).trim();
}

/** Runs a lane, `files` at a time; what it prints comes in one piece, at its end, so that two do not mix. */
async function run({ title, tests, env, node }: Lane, files: number): Promise<Counts> {
  let output = '';
  const keep = (text: string): void => {
    output += text;
  };
  const args = [...tests, `--maxWorkers=${files}`];
  try {
    return await runVitest(args, env, keep, node);
  } finally {
    process.stderr.write(`\n== ${title}\n${output}`);
  }
}

async function main(asked: readonly string[]): Promise<number> {
  const names = asked.length > 0 ? asked : Object.keys(LANES);
  const lanes = names.map((name) => {
    const make = Object.hasOwn(LANES, name) ? LANES[name] : undefined;
    if (!make)
      throw new Error(`${JSON.stringify(name)}: use ${Object.keys(LANES).join(', ')}, or none for all`);
    return make();
  });
  // Side by side: the end of a lane, when it waits for its last files, is filled by another.
  const side = Math.min(lanes.length, FILES_AT_A_TIME);
  const files = Math.floor(FILES_AT_A_TIME / side);
  const results = await mapBounded(lanes, side, (lane) => run(lane, files));
  let passed = 0;
  let failed = 0;
  const lines: string[] = [];
  for (const [at, { title }] of lanes.entries()) {
    const counts = results[at] ?? { passed: 0, failed: 1, failures: ['no result'] };
    const shown = title.padEnd(16);
    for (const failure of counts.failures) console.log(`FAILED ${shown} ${failure}`);
    lines.push(`${shown} ${counts.passed} passed, ${counts.failed} failed`);
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
