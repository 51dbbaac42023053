// What it takes to look at a fleet of 2,000 instances on two load balancers, as whole processes beside a bare Node.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
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
  // As people run it: `-dev` indents its JSON, which makes 5.6 MB of 2,000 rows out of 2.7.
  const consulStarting = startConsul(harness, { persistent: true });
  const [consul, ...balancers] = await Promise.all([consulStarting, ...starting]);
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
      const time = await timed(async () => void (await run(args, env)));
      if (round >= 0) times.get(what)?.push(time);
    }
  times.set(HELD, await timesWhileHeld(balancers[0], () => run([program, 'status'], env)));
  return {
    title: `${COUNT} instances, ${LOAD_BALANCERS} load balancers`,
    rows: [...times].map(([what, own]) => rowOf(what, 'ms', own)),
  };
}

const HELD = 'iri-lb status, one socket held';
const HELD_RUNS = 3;

/** As a run holds it: a client that stays; "maxconn 1" lets nobody else in. */
async function timesWhileHeld(balancer: HAProxy | undefined, look: () => Promise<string>): Promise<number[]> {
  const { hostname, port } = new URL(balancer?.admin ?? '');
  const holder = connect(Number(port), hostname);
  holder.write('prompt\n');
  await once(holder, 'data');
  const times: number[] = [];
  for (let at = 0; at < HELD_RUNS; at += 1) {
    let said = '';
    times.push(
      await timed(async () => {
        said = await look();
      }),
    );
    if (!/ busy\b/.test(said) || !said.includes(` ${COUNT} `)) throw new Error(`not as it is: ${said}`);
  }
  holder.destroy();
  return times;
}

/** What it prints, whatever its exit status is, which says what it found. */
function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args], { env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else if (stdout === '' && args.length > 2) reject(new Error(stderr));
      else resolve(stdout);
    });
  });
}
