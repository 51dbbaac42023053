// What it takes to look at a fleet of 2,000 instances on two load balancers, as whole processes beside a bare Node.
import { execFile } from 'node:child_process';
import { startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeRunner } from '../../lib/run/runner.js';
import { type Part, rowOf, timed } from './measure.js';
import { COUNT, registerAll } from './resync.js';

const BACKENDS = ['iri_back', 'iri_pow_back'];
const LOAD_BALANCERS = 2;

/** `program` is `dist/iri-lb.mjs`. Each command is a process of its own, in turn, so that none gains from another. */
export async function benchLooking(harness: Harness, program: string, runs: number): Promise<Part> {
  const ranges = [{ prefix: 'irisrv', slots: COUNT }];
  const starting = Array.from({ length: LOAD_BALANCERS }, async (): Promise<HAProxy> => {
    const adminPort = await harness.freePort();
    const config = minimalConfig({ adminPort, backends: BACKENDS.map((name) => ({ name, ranges })) });
    return startHAProxy(harness, { config, adminPort });
  });
  const [consul, ...balancers] = await Promise.all([startConsul(harness), ...starting]);
  await registerAll(consul);
  const { PATH } = process.env;
  const env = {
    PATH,
    CONSUL_HTTP_ADDR: consul.url,
    CONSUL_HTTP_TOKEN: consul.token,
    HAPROXY_ADDRESSES: balancers.map(({ admin }) => admin).join(','),
  };
  await makeRunner(readSettings(env)).run({ mode: 'apply' });
  const commands = {
    'node -e 0': ['-e', '0'],
    'iri-lb status': [program, 'status'],
    'iri-lb status --all': [program, 'status', '--all'],
    'iri-lb status --json': [program, 'status', '--json'],
    'iri-lb why X': [program, 'why', '10.1.3.232:14265'],
    'iri-lb plan': [program, 'plan'],
  };
  const times = new Map<string, number[]>(Object.keys(commands).map((what) => [what, []]));
  for (let round = -1; round < runs; round += 1)
    for (const [what, args] of Object.entries(commands)) {
      const time = await timed(() => run(args, env));
      if (round >= 0) times.get(what)?.push(time);
    }
  return {
    title: `${COUNT} instances, ${LOAD_BALANCERS} load balancers`,
    rows: [...times].map(([what, own]) => rowOf(what, 'ms', own)),
  };
}

/** Whatever its exit status is, which says what it found. */
function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args], { env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else if (stdout === '' && args.length > 2) reject(new Error(stderr));
      else resolve();
    });
  });
}
