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
import { readHAProxy } from '../../lib/haproxy/read.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { runs } from '../property/runs.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const SLOTS = 3;
const RANGES = [
  { prefix: 's', slots: SLOTS },
  { prefix: 't', slots: SLOTS, transport: 'unverified' as const },
];

let harness: Harness;
let haproxy: HAProxy;
let real: RuntimeConnection;
/** From 2.9 on an address takes effect after the answer. */
let asynchronous: boolean;

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
  const { version } = (await readHAProxy(real, ['b'])).process;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  asynchronous = major > 2 || (major === 2 && minor >= 9);
});
afterAll(async () => {
  await real.close();
  await harness.close();
});

const slot = fc.constantFrom('b/s1', 'b/s2', 'b/s3', 'b/t1', 'b/t2', 'b/t3', 'b/none', 'nope/s1');
const address = fc
  .tuple(fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::1', 'a.name'), fc.constantFrom(80, 8080))
  .map(([ip, port]) => `addr ${ip} port ${port}`);
const change = fc.oneof(
  address,
  fc.constantFrom(0, 1, 7, 256, 257, 300).map((weight) => `weight ${weight}`),
  fc.constantFrom('ready', 'maint', 'drain', 'sleepy').map((state) => `state ${state}`),
);
/** Lines that are sent together, before any answer is read. */
const batch = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(slot, change).map(([name, what]) => [`set server ${name} ${what}`]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(slot, fc.constantFrom(0, 1, 50, -5))
      .map(([name, maxconn]) => [`set maxconn server ${name} ${maxconn}`]),
  },
  // What comes of two addresses depends on whether the first has taken effect when the second is taken.
  {
    weight: 2,
    arbitrary: fc
      .tuple(slot, address, address)
      .map(([name, one, two]) => [`set server ${name} ${one}`, `set server ${name} ${two}`]),
  },
);

it('answers and changes as the real one does, for random sequences of commands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 25 }), async (batches) => {
      const simulated = await bothReset();
      for (const lines of batches) await sameAnswers(simulated, lines);
      await sameListings(simulated);
    }),
    { numRuns: runs(60), endOnFailure: true },
  );
});

it('loses an address that is taken back at once, where addresses take effect after the answer', async () => {
  const simulated = await bothReset();
  const [here, there] = ['10.9.9.9 port 1', '10.0.0.2 port 80'];
  await sameAnswers(simulated, [`set server b/s1 addr ${there}`, `set server b/s1 addr ${here}`]);
  expect(simulated.server('b', 's1').address).toBe(asynchronous ? '10.0.0.2' : '10.9.9.9');
});

/** The real one and a simulated one, in the same state. */
async function bothReset(): Promise<SimulatedHAProxy> {
  const simulated = new SimulatedHAProxy({ asynchronous });
  for (const { prefix, slots, transport } of RANGES)
    simulated.addRange('b', prefix, slots, transport !== undefined);
  for (const [name, server] of simulated.backends.get('b') ?? []) Object.assign(server, await reset(name));
  await sameListings(simulated);
  return simulated;
}

/** Gives both the same lines at once; afterwards all addresses have taken effect. */
async function sameAnswers(simulated: SimulatedHAProxy, lines: readonly string[]): Promise<void> {
  const answers = await real.send(lines);
  for (const [at, line] of lines.entries()) {
    const [answer = '', expected] = [answers[at], simulated.execute(line)];
    expect([line, ...meaningOf(line, answer)]).toEqual([line, ...meaningOf(line, expected)]);
  }
  simulated.settle();
  if (lines.some((line) => line.includes(' addr '))) await sameListings(simulated);
}

/** Whether it was carried out, and whether that changed an address; else the refusal's first words. */
function meaningOf(line: string, answer: string): (boolean | string)[] {
  const done = isDone(line, answer);
  return done ? [done, /\bchanged from\b/.test(answer)] : [done, firstWords(answer)];
}

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
  const { backends } = await readHAProxy(connection, ['b']);
  return (backends.get('b') ?? []).map(({ slot: name, address, port, weight, maxconn, state, tls }) => {
    return { name, address, port, weight, maxconn, state, tls };
  });
}

function firstWords(answer: string): string {
  return answer.split(/[.'(]/)[0]?.trim() ?? '';
}
