// The forwarder: wakes the watch function when Consul's catalog changes. Runs beside a Consul agent.
import { setTimeout as sleep } from 'node:timers/promises';
import { readBearerToken } from '../lib/config/bearer-token.js';
import { credentialProvider, keepCredentials } from '../lib/forwarder/credentials.js';
import { makeDelivery } from '../lib/forwarder/delivery.js';
import { type Invoke, makeInvoke } from '../lib/forwarder/invoke.js';
import { type ForwarderOptions, readForwarderOptions, USAGE } from '../lib/forwarder/options.js';
import { listen, runScript } from '../lib/forwarder/run.js';
import { makeTargetInvoke } from '../lib/forwarder/target.js';
import { messageOf } from '../lib/model/errors.js';

/** Until Lambda has queued an event, and until a target's run is over: 45 s, and another before it. In milliseconds. */
const INVOKE_TIMEOUT_MS = 5_000;
const TARGET_TIMEOUT_MS = 100_000;
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const clock = { wallMs: Date.now, monotonicMs: () => performance.now(), sleep: (ms: number) => sleep(ms) };

function invokeOf({ to }: ForwarderOptions): Invoke {
  if (to.kind === 'lambda') {
    const credentials = keepCredentials(credentialProvider(process.env), clock.wallMs);
    return makeInvoke({ ...to, credentials, timeoutMs: INVOKE_TIMEOUT_MS });
  }
  const { url, tokenFile } = to;
  const token = tokenFile === undefined ? {} : { token: () => tokenOf(tokenFile) };
  return makeTargetInvoke({ url, ...token, timeoutMs: TARGET_TIMEOUT_MS, log });
}

function tokenOf(file: string): string {
  const read = readBearerToken(file);
  if ('refused' in read) throw new Error(`--target-token-file ${read.refused}`);
  return read.token;
}

async function main(): Promise<void> {
  const { env, argv, stdin } = process;
  const options = readForwarderOptions(argv.slice(2), env);
  if (options === 'help') return void process.stdout.write(USAGE);
  const invoke = invokeOf(options);
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
