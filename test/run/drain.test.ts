// Draining by hand, at simulated HAProxies: what is touched, what is left alone, and when a wait for it ends.
import { describe, expect, it } from 'vitest';
import type { Health } from '../../lib/model/instance.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import type { ObservedServer, SlotState } from '../../lib/model/server.js';
import { type Drained, drainSlots, type HandSlot, slotsToDrain } from '../../lib/run/drain.js';
import { type SlotLoad, waitUntilIdle } from '../../lib/run/drain-wait.js';
import type { FleetLook } from '../../lib/run/look.js';
import type { Target } from '../../lib/run/targets.js';
import { instantClock } from '../simulation/rig.js';
import { SimulatedHAProxy, type SimulationOptions } from '../simulation/simulated-haproxy.js';

const NAME = 'tcp://simulated:9999';

/** A backend `web` with `s1` to `s3` at 10.0.0.1 to 10.0.0.3, ready. */
function web(options: Partial<SimulationOptions> = {}): SimulatedHAProxy {
  const haproxy = new SimulatedHAProxy({ asynchronous: false, ...options }).addRange('web', 's', 3);
  for (const number of [1, 2, 3])
    Object.assign(haproxy.server('web', `s${number}`), {
      address: `10.0.0.${number}`,
      port: 80,
      state: 'ready',
    });
  return haproxy;
}

const slot = (number: number, more: Partial<HandSlot> = {}): HandSlot => ({
  ...{ address: NAME, backend: 'web', slot: `s${number}`, hostPort: `10.0.0.${number}:80` },
  ...{ state: 'ready', serves: true, ...more },
});

const deps = (connect: () => RuntimeConnection | Promise<RuntimeConnection>) => ({
  connect: async () => connect(),
  budgetMs: 1_000,
});

const writesOf = ({ lines }: SimulatedHAProxy): string[] => lines.filter((line) => !line.startsWith('show'));

describe('drainSlots', () => {
  it('drains what is as it was looked at, and says how many requests are left', async () => {
    const haproxy = web();
    haproxy.server('web', 's2').sessions = 4;
    const done = await drainSlots(
      deps(() => haproxy.connect()),
      [slot(1), slot(2)],
      { cut: false },
    );
    expect(done.map(({ result, requests }) => [result, requests])).toEqual([
      ['done', 0],
      ['done', 4],
    ]);
    expect(writesOf(haproxy)).toEqual(['set server web/s1 state drain', 'set server web/s2 state drain']);
    expect(haproxy.server('web', 's3').state).toBe('ready');
  });

  it('writes nothing where it is drained already', async () => {
    const haproxy = web();
    haproxy.server('web', 's1').state = 'drain';
    const [done] = await drainSlots(
      deps(() => haproxy.connect()),
      [slot(1, { state: 'drain' })],
      { cut: false },
    );
    expect([done?.result, writesOf(haproxy)]).toEqual(['already', []]);
  });

  it.each<[string, (haproxy: SimulatedHAProxy) => void, RegExp]>([
    [
      'was given to somebody else',
      (one) => Object.assign(one.server('web', 's1'), { address: '10.9.9.9' }),
      /freed meanwhile, and is at 10\.9\.9\.9:80/,
    ],
    [
      'went into maintenance',
      (one) => Object.assign(one.server('web', 's1'), { state: 'maintenance' }),
      /from ready to maintenance meanwhile/,
    ],
    ['is not there any more', (one) => one.backends.get('web')?.delete('s1'), /no such server any more/],
  ])('leaves alone a slot that %s', async (_what, change, error) => {
    const haproxy = web();
    change(haproxy);
    const [first, second] = await drainSlots(
      deps(() => haproxy.connect()),
      [slot(1), slot(2)],
      { cut: false },
    );
    expect(first).toMatchObject({ result: 'failed', error: expect.stringMatching(error) });
    expect(second).toMatchObject({ result: 'done' });
    expect(writesOf(haproxy)).toEqual(['set server web/s2 state drain']);
  });

  it('drains one that a run made ready meanwhile', async () => {
    const haproxy = web();
    const [done] = await drainSlots(
      deps(() => haproxy.connect()),
      [slot(1, { state: 'maintenance' })],
      {
        cut: false,
      },
    );
    expect([done?.result, haproxy.server('web', 's1').state]).toEqual(['done', 'drain']);
  });

  it('drains nothing where what is listed by then is refused', async () => {
    const haproxy = web();
    const seen: unknown[] = [];
    const done = await drainSlots(
      deps(() => haproxy.connect()),
      [slot(1), slot(2)],
      {
        cut: true,
        refuse: (address, slots, { backends }) => {
          seen.push([address, slots.length, backends.get('web')?.length]);
          return 'by now it is too much';
        },
      },
    );
    expect(seen).toEqual([[NAME, 2, 3]]);
    expect(done.map(({ error }) => error)).toEqual(['by now it is too much', 'by now it is too much']);
    expect(writesOf(haproxy)).toEqual([]);
  });

  it("tells HAProxy's own words of what it refused", async () => {
    const haproxy = web({ refuse: (line) => line.includes('s1 state') });
    const done = await drainSlots(
      deps(() => haproxy.connect()),
      [slot(1), slot(2)],
      { cut: false },
    );
    expect(done.map(({ result, error }) => [result, error])).toEqual([
      ['failed', '"set server web/s1 state drain" was answered "Refused by the simulation."'],
      ['done', undefined],
    ]);
  });

  it('keeps what was done on one load balancer where another one fails', async () => {
    const haproxy = web();
    const connect = async (address: { readonly kind: string; readonly host?: string }) => {
      if (address.host === 'down') throw new Error('cannot connect');
      return haproxy.connect();
    };
    const other = slot(1, { address: 'tcp://down:9999' });
    const done = await drainSlots({ connect: connect as never, budgetMs: 1 }, [other, slot(1)], {
      cut: false,
    });
    expect(done.map(({ address, result, error }) => [address, result, error])).toEqual([
      ['tcp://down:9999', 'failed', 'cannot connect'],
      [NAME, 'done', undefined],
    ]);
  });
});

describe('waitUntilIdle', () => {
  /** Waits for s1, which is drained; before each look, by its number, something happens. */
  async function wait(before: (haproxy: SimulatedHAProxy, look: number) => void, timeoutMs = 10_000) {
    const haproxy = web();
    Object.assign(haproxy.server('web', 's1'), { state: 'drain', sessions: 1 });
    let looks = 0;
    let open = 0;
    const connect = (): RuntimeConnection => {
      looks += 1;
      before(haproxy, looks);
      open += 1;
      const connection = haproxy.connect();
      return {
        ...connection,
        close: async () => {
          open -= 1;
        },
      };
    };
    const process = { version: '3.0.0', pid: 4711, uptimeSeconds: 60, node: 'sim', stopping: false };
    const drained: Drained = { ...slot(1, { state: 'drain' }), result: 'done', process };
    const seen: (readonly SlotLoad[])[] = [];
    const clock = instantClock();
    const sleep: typeof clock.sleep = (ms) => {
      expect(open).toBe(0);
      return clock.sleep(ms);
    };
    const onLook = (loads: readonly SlotLoad[]): void => void seen.push(loads);
    const end = await waitUntilIdle(
      { ...deps(connect), clock: { ...clock, sleep }, onLook },
      [drained],
      timeoutMs,
    );
    expect(open).toBe(0);
    return { end, looks, seen: seen.map(([load]) => load?.requests ?? load?.error) };
  }

  it('is over when there were no requests in two looks in a row', async () => {
    const requests = [2, 0, 1, 0, 0];
    const { end, looks, seen } = await wait((haproxy, look) => {
      haproxy.server('web', 's1').sessions = requests[look - 1] ?? 9;
    });
    expect([end.is, looks, seen]).toEqual(['idle', 5, requests]);
  });

  it('says at the end of its time who has how many', async () => {
    const { end, looks } = await wait(() => {}, 3_000);
    expect(end).toMatchObject({ is: 'late', loads: [{ slot: { slot: 's1' }, requests: 1 }] });
    expect(looks).toBe(4);
  });

  it('goes on where a look fails, and does not take that for no requests', async () => {
    const { end, seen } = await wait((haproxy, look) => {
      haproxy.server('web', 's1').sessions = 0;
      if (look === 2) throw new Error('busy');
    });
    expect([end.is, seen]).toEqual(['idle', [0, 'busy', 0, 0]]);
  });

  it.each<[string, (haproxy: SimulatedHAProxy) => void, RegExp]>([
    ['undrained', (one) => Object.assign(one.server('web', 's1'), { state: 'ready' }), /^it was undrained/],
    [
      'freed',
      (one) => Object.assign(one.server('web', 's1'), { address: '10.9.9.9' }),
      /^it was freed meanwhile/,
    ],
  ])('ends by name where a slot was %s', async (_what, change, why) => {
    const { end } = await wait((haproxy, look) => {
      if (look === 2) change(haproxy);
    });
    expect(end).toMatchObject({
      is: 'broken',
      slots: [{ slot: { slot: 's1' }, why: expect.stringMatching(why) }],
    });
  });
});

describe('slotsToDrain', () => {
  type Row = readonly [address: string, slot: string, state: SlotState];
  const server = (name: string, state: SlotState): ObservedServer => ({
    ...{ slot: name, state, address: '10.0.0.1', port: 80, weight: 1, maxconn: 0, sessions: 0 },
    ...{ status: 'UP', tls: false },
  });

  /** Of an instance of that health at 10.0.0.1:80; null: nobody in Consul is there. Load balancers a and b were read, c was not. */
  function chosen(health: Health | null, rows: readonly Row[]) {
    const observed = { backends: new Map() };
    const loadBalancers = [{ address: 'a', observed }, { address: 'b', observed }, { address: 'c' }];
    const slots = rows.map(([address, name, state]) => ({
      address,
      backend: 'web',
      server: server(name, state),
    }));
    const located = health === null ? undefined : { instance: { health } };
    const target = { label: health && 'n/a', located, hostPorts: ['10.0.0.1:80'], slots };
    const choice = slotsToDrain(target as unknown as Target, { loadBalancers } as unknown as FleetLook);
    const names = (of: readonly HandSlot[]) => of.map(({ address, slot: name }) => `${address} ${name}`);
    return { slots: names(choice.slots), out: names(choice.out), without: choice.without };
  }

  it.each<[string, Health | null, readonly Row[], ReturnType<typeof chosen>]>([
    [
      'ready everywhere, in different slots',
      'passing',
      [
        ['a', 's1', 'ready'],
        ['b', 's3', 'ready'],
      ],
      { slots: ['a s1', 'b s3'], out: [], without: [] },
    ],
    ['ready on one alone', 'passing', [['a', 's1', 'ready']], { slots: ['a s1'], out: [], without: ['b'] }],
    [
      'drained on one already',
      'passing',
      [
        ['a', 's1', 'drain'],
        ['b', 's1', 'ready'],
      ],
      { slots: ['a s1', 'b s1'], out: [], without: [] },
    ],
    [
      'in maintenance where a run is about to make it ready',
      'passing',
      [
        ['a', 's1', 'ready'],
        ['b', 's1', 'maintenance'],
        ['b', 's2', 'maintenance'],
      ],
      { slots: ['a s1', 'b s1'], out: [], without: [] },
    ],
    [
      'in an old slot beside its own',
      'passing',
      [
        ['a', 's1', 'maintenance'],
        ['a', 's2', 'ready'],
        ['b', 's2', 'ready'],
      ],
      { slots: ['a s2', 'b s2'], out: [], without: [] },
    ],
    [
      'out as Consul says',
      'critical',
      [['a', 's1', 'maintenance']],
      { slots: [], out: ['a s1'], without: [] },
    ],
    [
      'gone, and ready still',
      null,
      [
        ['a', 's1', 'ready'],
        ['b', 's1', 'maintenance'],
      ],
      { slots: ['a s1'], out: [], without: [] },
    ],
  ])('takes of one that is %s', (_what, health, rows, choice) => {
    expect(chosen(health, rows)).toEqual(choice);
  });
});
