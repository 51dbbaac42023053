// The simulated HAProxy of the property tests against the real one, command by command.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import { isDone } from '../../lib/haproxy/commands.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import { observe } from '../../lib/haproxy/observe.js';
import type { RuntimeConnection } from '../../lib/reconcile/ports.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const SLOTS = 3;
const RANGES = [
  { prefix: 's', slots: SLOTS },
  { prefix: 't', slots: SLOTS, transport: 'unverified' as const },
];

let harness: Harness;
let haproxy: HAProxy;
let real: RuntimeConnection;

beforeAll(async () => {
  harness = await startHarness();
  const adminPort = await harness.freePort();
  haproxy = await startHAProxy(harness, {
    config: minimalConfig({ backends: [{ name: 'b', ranges: RANGES }], adminPort }),
    adminPort,
  });
  const [address] = readSettings({ HAPROXY_ADDRESSES: haproxy.admin }).haproxy.addresses;
  if (!address || address.kind === 'consul') throw new Error('no admin address');
  const ms = 60_000;
  real = await connectRuntime(address, {
    connectTimeoutMs: ms,
    promptTimeoutMs: ms,
    answerTimeoutMs: ms,
    totalTimeoutMs: ms,
  });
});
afterAll(async () => {
  await real.close();
  await harness.close();
});

const slot = fc.constantFrom('b/s1', 'b/s2', 'b/s3', 'b/t1', 'b/t2', 'b/t3', 'b/none', 'nope/s1');
const command = fc.oneof(
  fc
    .tuple(slot, fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::1', 'a.name'), fc.constantFrom(80, 8080))
    .map(([name, ip, port]) => `set server ${name} addr ${ip} port ${port}`),
  fc
    .tuple(slot, fc.constantFrom(0, 1, 7, 256, 257, 300))
    .map(([name, weight]) => `set server ${name} weight ${weight}`),
  fc
    .tuple(slot, fc.constantFrom(0, 1, 50, -5))
    .map(([name, maxconn]) => `set maxconn server ${name} ${maxconn}`),
  fc
    .tuple(slot, fc.constantFrom('ready', 'maint', 'drain', 'sleepy'))
    .map(([name, state]) => `set server ${name} state ${state}`),
);

it('answers and changes as the real one does, for random sequences of commands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 25 }), async (lines) => {
      const simulated = new SimulatedHAProxy({ asynchronous: false });
      for (const { prefix, slots, transport } of RANGES)
        simulated.addRange('b', prefix, slots, transport !== undefined);
      for (const [name, server] of simulated.backends.get('b') ?? [])
        Object.assign(server, await reset(name));
      for (const line of lines) {
        const [answer = ''] = await real.send([line]);
        const expected = simulated.execute(line);
        expect([line, isDone(line, answer)]).toEqual([line, isDone(line, expected)]);
        if (!isDone(line, expected)) expect(firstWords(answer)).toBe(firstWords(expected));
        // From 2.9 on an address takes effect after the answer: what counts is where it ends.
        if (line.includes(' addr ')) await sameListings(simulated);
      }
      await sameListings(simulated);
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

/** Puts a real server where a simulated one is to start from. */
async function reset(name: string) {
  const start = { address: '10.9.9.9', port: 1, weight: 1, maxconn: 0, state: 'maintenance' } as const;
  await real.send([
    `set server b/${name} state maint`,
    `set server b/${name} addr ${start.address} port ${start.port}`,
    `set server b/${name} weight 1`,
    `set maxconn server b/${name} 0`,
  ]);
  return start;
}

async function sameListings(simulated: SimulatedHAProxy): Promise<void> {
  const expected = await fieldsOf(simulated.connect());
  const agrees = async (): Promise<true> => {
    expect(await fieldsOf(real)).toEqual(expected);
    return true;
  };
  await waitFor(agrees, { what: 'the real HAProxy to show what the simulated one does', timeoutMs: 5_000 });
}

async function fieldsOf(connection: RuntimeConnection) {
  const { backends } = await observe(connection, ['b']);
  return (backends.get('b') ?? []).map(({ slot: name, address, port, weight, maxconn, state, tls }) => {
    return { name, address, port, weight, maxconn, state, tls };
  });
}

function firstWords(answer: string): string {
  return answer.split(/[.'(]/)[0]?.trim() ?? '';
}
