// How many load balancers are served at once, and that those which keep us waiting keep nobody else.
import { describe, expect, it } from 'vitest';
import { HAProxyError } from '../../lib/haproxy/errors.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { longestRunMs, makeConcurrency } from '../../lib/run/concurrency.js';
import { runFleet } from '../simulation/fleet.js';
import { haproxyFor, memoryCatalog, parseConfig } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const withConcurrency = (concurrency: number) =>
  parseConfig({ concurrency, pools: [{ backend: 'b', service: 'iri', ranges: [{ prefix: 's' }] }] });

/** A promise that is settled by hand. */
function gate() {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** A connection to a HAProxy with room, and what to do when it is used first and when it is closed. */
function healthy(onUse: () => void, onClose: () => void): RuntimeConnection {
  const connection = haproxyFor(withConcurrency(1), 4).connect();
  let used = false;
  return {
    ...connection,
    send: (lines) => {
      if (!used) onUse();
      used = true;
      return connection.send(lines);
    },
    close: async () => onClose(),
  };
}

describe('a run over many load balancers', () => {
  it.each([1, 2])('serves the healthy one while six are silent, %d at a time', async (concurrency) => {
    const served = gate();
    const silent = async (): Promise<never> => {
      await served.promise;
      throw new HAProxyError('tcp://silent:9999', 'no-prompt', 'no prompt');
    };
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const report = await runFleet({
      config: withConcurrency(concurrency),
      catalog: memoryCatalog([row()]),
      hosts: {
        ...Object.fromEntries(names.map((name) => [name, silent])),
        z: () => healthy(() => {}, served.open),
      },
    });
    expect(report.loadBalancers.map(({ outcome }) => outcome)).toEqual([
      ...names.map(() => 'failed'),
      'changed',
    ]);
  });

  it('serves no more than so many at once, however many give their prompt together', async () => {
    const all = gate();
    let connecting = 0;
    let served = 0;
    let most = 0;
    const host = async (): Promise<RuntimeConnection> => {
      connecting += 1;
      if (connecting === 5) all.open();
      await all.promise;
      return healthy(
        () => {
          served += 1;
          most = Math.max(most, served);
        },
        () => {
          served -= 1;
        },
      );
    };
    const hosts = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, host]));
    const report = await runFleet({ config: withConcurrency(2), catalog: memoryCatalog([row()]), hosts });
    expect(report.loadBalancers.map(({ outcome }) => outcome)).toEqual(Array(5).fill('changed'));
    expect(most).toBe(2);
  });

  it('says who took the time when it is over before the turn of one', async () => {
    const stuck = (budgetMs: number): RuntimeConnection => ({
      ...haproxyFor(withConcurrency(1), 4).connect(),
      send: async () => {
        await new Promise((resolve) => setTimeout(resolve, budgetMs + 5));
        throw new HAProxyError('tcp://stuck:9999', 'timeout', 'not done');
      },
    });
    const report = await runFleet({
      config: withConcurrency(1),
      catalog: memoryCatalog([row()]),
      hosts: { stuck, late: () => haproxyFor(withConcurrency(1), 4).connect() },
      deadline: performance.now() + 50,
    });
    expect(report.loadBalancers.map(({ error }) => error)).toEqual([
      'haproxy tcp://stuck:9999: not done',
      expect.stringMatching(
        /^haproxy tcp:\/\/late:9999: not served; the run's time was used up, most of it by tcp:\/\/stuck:9999 \(\d+ ms\); see/,
      ),
    ]);
  });
});

it('a run whose time is over before it begins says that nobody was served', async () => {
  const hosts = { a: () => haproxyFor(withConcurrency(1), 4).connect() };
  const report = await runFleet({ catalog: memoryCatalog([row()]), hosts, deadline: performance.now() - 1 });
  expect(report.loadBalancers.map(({ error }) => error)).toEqual([
    "haproxy tcp://a:9999: not served; the run's time was used up before any was; is Consul slow to list them?",
  ]);
});

describe('turns', () => {
  it('are given in order, to those who come back first', async () => {
    const concurrency = makeConcurrency(1, () => 0);
    const [a, b, c] = [concurrency.permitFor('a'), concurrency.permitFor('b'), concurrency.permitFor('c')];
    const order: string[] = [];
    await a.acquire();
    const others = [b.acquire()?.then(() => order.push('b')), c.acquire()?.then(() => order.push('c'))];
    a.lend();
    const back = a.acquire()?.then(() => order.push('a'));
    await others[0];
    b.release();
    await back;
    a.release();
    a.release();
    await Promise.all(others);
    expect(order).toEqual(['b', 'a', 'c']);
    expect([a.hasWaited(), concurrency.permitFor('d').hasWaited()]).toEqual([true, false]);
  });

  it('are given up for a socket that is waited for by no more than 256 at a time', async () => {
    const concurrency = makeConcurrency(1, () => 0);
    const aside = Array.from({ length: 256 }, (_, at) => concurrency.permitFor(`n${at}`));
    for (const turn of aside) {
      await turn.acquire();
      expect(turn.lend()).toBe(true);
    }
    const last = concurrency.permitFor('last');
    await last.acquire();
    expect(last.lend()).toBe(false);
    aside[0]?.release();
    expect(last.lend()).toBe(true);
  });

  it('tell who had most of the time', async () => {
    let now = 0;
    const concurrency = makeConcurrency(1, () => now);
    for (const [name, ms] of [
      ['a', 3],
      ['b', 500],
      ['c', 40],
      ['d', 7],
      ['a', 10],
    ] as const) {
      const turn = concurrency.permitFor(name);
      await turn.acquire();
      now += ms;
      turn.release();
    }
    expect(concurrency.longest()).toBe('b (500 ms), c (40 ms), a (13 ms)');
  });

  it('of all load balancers together are what a run may take', () => {
    const config = { ...withConcurrency(4), consulTimeoutMs: 10, loadBalancerTimeoutMs: 300 };
    expect([0, 1, 4, 5, 9].map((count) => longestRunMs(config, count))).toEqual([310, 310, 310, 610, 910]);
  });
});
