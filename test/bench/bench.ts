// `npm run bench`: what a run costs next to the least that it could, on the real HAProxy and Consul.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { haproxyBin } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { isBuilt } from '../../infra/setup/build.mjs';
import { messageOf } from '../../lib/model/errors.js';
import { benchHttp } from './http.js';
import { benchKeepAlive } from './keep-alive.js';
import { benchLatency } from './latency.js';
import { benchLooking } from './looking.js';
import { type Part, printTable } from './measure.js';
import { benchNodeCheck } from './node-check.js';
import { benchPage } from './page.js';
import { benchPlanning } from './planning.js';
import { benchResync } from './resync.js';
import { benchRun } from './run.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const BUILD = fileURLToPath(new URL('../../infra/setup/build.mjs', import.meta.url));
const USAGE = `npm run bench -- [--json] [--runs N] [--only resync,planning,latency,run,page,http,node-check,keep-alive,looking]

  --json     prints the figures as JSON
  --runs N   how often each is measured; 15 by default
  --only     some of the parts
HAPROXY_BIN and CONSUL_BIN name other binaries.
`;

interface Options {
  readonly json: boolean;
  readonly runs: number;
  readonly parts: readonly string[];
}

type Bench = (runs: number, harness: Harness) => Promise<Part>;
const BENCHES: Readonly<Record<string, Bench>> = {
  resync: (runs, harness) => benchResync(harness, `${DIST}/resync/index.mjs`, runs),
  planning: (runs) => benchPlanning(runs),
  latency: (_runs, harness) => benchLatency(harness, DIST),
  http: (_runs, harness) => benchHttp(harness, DIST),
  run: (_runs, harness) => benchRun(harness),
  page: (_runs, harness) => benchPage(harness),
  'node-check': (runs, harness) => benchNodeCheck(harness, `${DIST}/node-check.mjs`, runs),
  looking: (runs, harness) => benchLooking(harness, `${DIST}/iri-lb.mjs`, runs),
  'keep-alive': (runs, harness) => benchKeepAlive(harness, runs),
};

function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean' },
      runs: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const runs = Number(values.runs ?? 15);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs ${values.runs}: give a whole number from 1`);
  const parts = values.only?.split(',') ?? Object.keys(BENCHES);
  const unknown = parts.find((part) => !(part in BENCHES));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: use ${Object.keys(BENCHES).join(', ')}`);
  return { json: values.json ?? false, runs, parts };
}

const versionOf = (bin: string, args: readonly string[]): string =>
  /v?(\d+\.\d+\.\d+)/.exec(execFileSync(bin, [...args], { encoding: 'utf8' }))?.[1] ?? 'unknown';

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === 'help') return void process.stdout.write(USAGE);
  const { json, runs, parts } = options;
  // The bundles of now; what the build says is for nobody here.
  if (!isBuilt()) execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] });
  const versions = {
    haproxy: versionOf(haproxyBin(), ['-v']),
    consul: versionOf(process.env.CONSUL_BIN || 'consul', ['version']),
    node: process.versions.node,
  };
  const done: (Part & { readonly name: string })[] = [];
  if (!json) console.log(`HAProxy ${versions.haproxy}, Consul ${versions.consul}, Node ${versions.node}`);
  for (const name of parts) {
    const harness = await startHarness();
    try {
      const part = await BENCHES[name]?.(runs, harness);
      if (!part) continue;
      done.push({ name, ...part });
      if (!json) console.log(`\n${printTable(part)}`);
    } finally {
      await harness.close();
    }
  }
  if (json) console.log(JSON.stringify({ versions, runs, parts: done }, null, 2));
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`bench: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
