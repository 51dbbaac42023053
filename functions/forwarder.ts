// The forwarder: wakes the watch function when Consul's catalog changes. Runs beside a Consul agent.
import { setTimeout as sleep } from 'node:timers/promises';
import { credentialProvider, keepCredentials } from '../lib/forwarder/credentials.js';
import { makeDelivery } from '../lib/forwarder/delivery.js';
import { makeInvoke } from '../lib/forwarder/invoke.js';
import { readForwarderOptions, USAGE } from '../lib/forwarder/options.js';
import { listen, runScript } from '../lib/forwarder/run.js';
import { messageOf } from '../lib/model/errors.js';

const INVOKE_TIMEOUT_MS = 5_000;
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const clock = { wallMs: Date.now, monotonicMs: () => performance.now(), sleep: (ms: number) => sleep(ms) };

async function main(): Promise<void> {
  const { env, argv, stdin } = process;
  const options = readForwarderOptions(argv.slice(2), env);
  if (options === 'help') return void process.stdout.write(USAGE);
  const credentials = keepCredentials(credentialProvider(env), clock.wallMs);
  const invoke = makeInvoke({ ...options, credentials, timeoutMs: INVOKE_TIMEOUT_MS });
  const delivery = makeDelivery({ invoke, clock, random: Math.random, log });
  const deps = { delivery, clock, log };
  if (!options.listen) return runScript(options, stdin, env.CONSUL_INDEX, deps);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await listen(options, options.listen, deps, stop.signal);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    log(`forwarder: ${messageOf(error).replace(/^forwarder: /, '')}`);
    process.exit(1);
  },
);
