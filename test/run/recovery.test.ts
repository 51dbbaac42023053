// Processes that are replaced, connections that break and listings that tear, in the middle of a run.
import { describe, expect, it } from 'vitest';
import type { SourceClient } from '../../lib/consul/source.js';
import { makeSource } from '../../lib/consul/source.js';
import { HAProxyError } from '../../lib/haproxy/errors.js';
import { failuresOf } from '../../lib/model/report.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { reconcile } from '../../lib/run/reconcile.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { haproxyFor, instantClock, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig();

/** A HAProxy whose connections are wrapped: `wrap` gets each, with its number from 1. */
function wrapped(
  haproxy: SimulatedHAProxy,
  wrap: (connection: RuntimeConnection, count: number) => RuntimeConnection,
) {
  let count = 0;
  return Object.assign(Object.create(haproxy) as SimulatedHAProxy, {
    connect: () => wrap(haproxy.connect(), ++count),
  });
}

describe('a run starts again', () => {
  it('on the new process, when the one it speaks to is being replaced before or after the writes', async () => {
    for (const stopAfter of [0, 1, 3]) {
      const fresh = haproxyFor(config, 4);
      const old = haproxyFor(config, 4);
      const haproxy = wrapped(fresh, (connection, count) => {
        if (count > 1) return connection;
        const dying = old.connect();
        let sends = 0;
        return {
          ...dying,
          send: async (lines) => {
            old.stopping = sends++ >= stopAfter;
            return dying.send(lines);
          },
        };
      });
      const { only } = await runOnce({
        haproxy,
        catalog: memoryCatalog([row()]),
      });
      expect(only.error).toBeUndefined();
      expect(readyIn(fresh, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
    }
  });

  it('on a new connection, when one breaks, and gives up when they keep breaking', async () => {
    const breaking = (times: number) => {
      const inner = haproxyFor(config, 4);
      const haproxy = wrapped(inner, (connection, count) => {
        let sends = 0;
        return {
          ...connection,
          send: async (lines) => {
            if (count <= times && ++sends === 2)
              throw new HAProxyError(connection.name, 'closed', 'connection lost');
            return connection.send(lines);
          },
        };
      });
      return { inner, haproxy };
    };
    const once = breaking(1);
    await runOnce({
      haproxy: once.haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(readyIn(once.inner, 'iri_back')).toHaveLength(1);
    const always = breaking(99);
    const { only } = await runOnce({
      haproxy: always.haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(only).toMatchObject({ outcome: 'failed', error: 'haproxy tcp://simulated:9999: connection lost' });
  });

  it('and tells of what was written before, when one broke after the last command', async () => {
    const inner = haproxyFor(config, 4);
    const haproxy = wrapped(inner, (connection, count) => ({
      ...connection,
      send: async (lines) => {
        const answers = await connection.send(lines);
        if (count === 1 && lines.some((line) => line.endsWith(' state ready'))) {
          throw new HAProxyError(connection.name, 'closed', 'connection lost');
        }
        return answers;
      },
    }));
    const { only } = await runOnce({
      haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(only.outcome).toBe('changed');
    expect(only.changes.map(({ action }) => action)).toEqual(['add']);
  });

  it('on what Consul says then, not on what it read for the connection that broke', async () => {
    const inner = haproxyFor(config, 4);
    const catalog = memoryCatalog([row({ id: 'old', address: '10.0.0.1' })]);
    const haproxy = wrapped(inner, (connection, count) => ({
      ...connection,
      send: async (lines) => {
        if (count > 1 || !lines.some((line) => line.startsWith('set '))) return connection.send(lines);
        catalog.rows = [row({ id: 'new', address: '10.0.0.2' })];
        throw new HAProxyError(connection.name, 'closed', 'connection lost');
      },
    }));
    await runOnce({ haproxy, catalog });
    expect(readyIn(inner, 'iri_back')).toEqual(['irisrv 10.0.0.2:14265 w1 m0']);
  });

  it('reading, when a listing was torn by somebody who adds servers, and says so when it never fits', async () => {
    const torn = (times: number) => {
      const inner = haproxyFor(config, 4);
      let stats = 0;
      const tear = (line: string, answer: string): string =>
        line.startsWith('show stat') && ++stats <= times
          ? answer.split('\n').slice(0, -1).join('\n')
          : answer;
      const haproxy = wrapped(inner, (connection) => ({
        ...connection,
        send: async (lines) =>
          (await connection.send(lines)).map((answer, at) => tear(lines[at] ?? '', answer)),
      }));
      return { inner, haproxy };
    };
    const once = torn(1);
    await runOnce({
      haproxy: once.haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(readyIn(once.inner, 'iri_back')).toHaveLength(1);
    const { only } = await runOnce({
      haproxy: torn(999).haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(only.error).toContain('listings disagreed 5 times');
  });
});

describe('a process that is restarted in mid-run', () => {
  const address = [{ kind: 'tcp' as const, host: 'simulated', port: 9999 }];
  const refused = new HAProxyError('tcp://simulated:9999', 'connect', 'cannot connect (ECONNREFUSED)');
  const closed = new HAProxyError('tcp://simulated:9999', 'closed', 'closed before its first prompt');

  /** Breaks off the first connection, then answers connecting with `failures`, then is there again. */
  const restarted = async (failures: readonly Error[], breaks = true) => {
    const haproxy = haproxyFor(config, 4);
    const clock = instantClock();
    const pauses: number[] = [];
    const left = [...failures];
    let count = 0;
    const connect = async (): Promise<RuntimeConnection> => {
      count += 1;
      const failure = breaks && count === 1 ? undefined : left.shift();
      if (failure) throw failure;
      const connection = haproxy.connect();
      const lose = async (): Promise<never> => {
        throw new HAProxyError(connection.name, 'closed', 'connection lost');
      };
      return breaks && count === 1 ? { ...connection, send: lose } : connection;
    };
    const sleep = (ms: number) => {
      pauses.push(ms);
      return clock.sleep(ms);
    };
    const deps = {
      config,
      source: makeSource({ client: memoryCatalog([row()]), clock }),
      connect,
      resolve: async () => [],
    };
    const report = await reconcile({ ...deps, clock: { ...clock, sleep } }, address, {
      mode: 'apply',
      force: false,
    });
    return { failures: failuresOf(report), pauses, count };
  };

  it.each([
    ['which refuses until it is up', refused],
    ['behind a gateway, which closes until it is up', closed],
  ])('%s, is waited for with growing pauses', async (_what, failure) => {
    const { failures, pauses } = await restarted(Array(8).fill(failure));
    expect(failures).toEqual([]);
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000, 1000]);
  });

  it('and does not come back, is waited for no longer than its time, and both are said', async () => {
    const { failures, pauses } = await restarted(Array(999).fill(refused));
    expect(failures).toEqual([
      'haproxy tcp://simulated:9999: cannot connect (ECONNREFUSED); before that: connection lost',
    ]);
    const waitedMs = pauses.reduce((sum, ms) => sum + ms, 0);
    expect(waitedMs).toBeLessThan(config.loadBalancerTimeoutMs);
    expect(waitedMs).toBeGreaterThan(config.loadBalancerTimeoutMs - 2_000);
  });

  it('is not one that never was there', async () => {
    expect(await restarted([refused], false)).toMatchObject({ failures: [refused.message], count: 1 });
    expect(await restarted(Array(9).fill(closed), false)).toMatchObject({
      failures: [closed.message],
      count: 3,
    });
  });
});

describe('a run fails', () => {
  it('below level admin, and says how to give it', async () => {
    const haproxy = wrapped(haproxyFor(config, 4), (connection) => ({
      ...connection,
      send: async (lines) =>
        (await connection.send(lines)).map((answer, at) =>
          lines[at]?.startsWith('set ') ? 'Permission denied' : answer,
        ),
    }));
    const { only } = await runOnce({
      haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(only.error).toMatch(
      /"set server iri_back\/irisrv\d addr .*" was answered "Permission denied"; give its stats socket "level admin"/,
    );
  });

  it('when an address does not show, without making the slot ready', async () => {
    const inner = haproxyFor(config, 4);
    const isAddress = (line: string | undefined): boolean => line?.includes(' addr ') ?? false;
    const haproxy = wrapped(inner, (connection) => ({
      ...connection,
      send: async (lines) => {
        const answers = await connection.send(lines.map((line) => (isAddress(line) ? 'show info' : line)));
        return answers.map((answer, at) => (isAddress(lines[at]) ? 'IP changed from here to there' : answer));
      },
    }));
    const { only } = await runOnce({
      haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(only.error).toMatch(
      /still differs after 3 rounds: iri_back\/irisrv\d \(add: address 10\.0\.0\.1:14265 did not show within 5000 ms/,
    );
    expect(readyIn(inner, 'iri_back')).toEqual([]);
  });

  it('when somebody else keeps undoing what was written', async () => {
    const inner = haproxyFor(config, 4);
    const haproxy = wrapped(inner, (connection) => ({
      ...connection,
      send: async (lines) => {
        const answers = await connection.send(lines);
        for (const servers of inner.backends.values())
          for (const server of servers.values()) server.weight = 99;
        return answers;
      },
    }));
    const { only } = await runOnce({
      haproxy,
      catalog: memoryCatalog([row()]),
    });
    expect(only.error).toContain('is somebody else writing to it?');
  });
});

describe('a run and its time', () => {
  const address = [{ kind: 'tcp' as const, host: 'simulated', port: 9999 }];
  const silent = {
    tokenName: 'none',
    mayRead: async () => 'allowed' as const,
    readIndex: () => new Promise<never>(() => {}),
    renewToken: async () => false,
    readService: () => new Promise<never>(() => {}),
  };

  it('ends at its deadline while a removal is looked at again, and says so', async () => {
    const haproxy = haproxyFor(config, 4);
    const memory = memoryCatalog([row()]);
    await runOnce({ haproxy, catalog: memory });
    const readService: SourceClient['readService'] = (service, options) =>
      options?.consistent ? new Promise<never>(() => {}) : memory.readService(service, options);
    memory.rows = [];
    const deps = {
      config,
      source: makeSource({ client: { ...memory, readService }, clock: systemClock }),
      connect: async () => haproxy.connect(),
      resolve: async () => [],
      clock: systemClock,
    };
    const deadline = performance.now() + 500;
    expect(failuresOf(await reconcile(deps, address, { mode: 'apply', force: false, deadline }))).toEqual([
      'consul: the second look before a large removal was not done in time; is Consul or DNS slow, or is the time too short?',
    ]);
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(1);
  });

  it('ends at its deadline when Consul does not answer, and says so', async () => {
    const haproxy = haproxyFor(config, 4);
    const deps = {
      config,
      source: makeSource({ client: silent, clock: systemClock }),
      connect: async () => haproxy.connect(),
      resolve: async () => [],
      clock: systemClock,
    };
    const report = await reconcile(deps, address, {
      mode: 'apply',
      force: false,
      deadline: performance.now() + 50,
    });
    expect(failuresOf(report)).toEqual([
      'consul: it and the host names it lists were not read in time; is Consul or DNS slow, or is the time too short?',
    ]);
  });

  it("gives a load balancer no more than the configuration's time, and each connection what is left", async () => {
    const budgets: number[] = [];
    const haproxy = haproxyFor(config, 4);
    const connect = async (_: unknown, budgetMs: number) => {
      budgets.push(budgetMs);
      return haproxy.connect();
    };
    const short = { ...config, loadBalancerTimeoutMs: 40 };
    const source = makeSource({ client: silent, clock: systemClock });
    const deps = { config: short, source, connect, resolve: async () => [], clock: systemClock };
    const report = await reconcile(deps, address, { mode: 'apply', force: false });
    expect(budgets).toHaveLength(1);
    expect(budgets[0]).toBeLessThanOrEqual(40);
    expect(failuresOf(report)).toHaveLength(1);
  });

  it("waits for an event's index in its own service, and in no other", async () => {
    const asked: (string | undefined)[][] = [];
    const pools = ['a', 'b'].map((service) => ({ backend: service, service, ranges: [{ prefix: 's' }] }));
    const two = parseConfig({ pools });
    const haproxy = haproxyFor(two, 2);
    const catalog = {
      ...memoryCatalog([row()]),
      readService: async (service: string, options?: { readonly minIndex?: string }) => {
        asked.push([service, options?.minIndex]);
        return { rows: [], index: '9', lastContactMs: 0, filtered: false };
      },
    };
    const deps = {
      config: two,
      source: makeSource({ client: catalog, clock: systemClock }),
      connect: async () => haproxy.connect(),
      resolve: async () => [],
      clock: systemClock,
    };
    const atLeast = { service: 'b', version: '7' };
    const report = await reconcile(deps, address, { mode: 'apply', force: false, atLeast });
    expect(asked.sort()).toEqual([
      ['a', undefined],
      ['b', '7'],
    ]);
    expect(report.consul.index).toBe('a=9,b=9');
  });
});

describe('any service and any pools', () => {
  it('one plain web service in one backend needs no word of IRI', async () => {
    const web = parseConfig({
      tagPrefix: 'lb',
      pools: [{ backend: 'web', service: 'web', maxconn: 50, ranges: [{ prefix: 'w' }] }],
    });
    const haproxy = haproxyFor(web, 3);
    await runOnce({
      config: web,
      haproxy,
      catalog: memoryCatalog([row({ tags: ['lb.weight=9', 'haproxy.weight=3'] })]),
    });
    expect(readyIn(haproxy, 'web')).toEqual(['w 10.0.0.1:14265 w9 m50']);
  });

  it('a pool selects by the tag values it names, absent ones too', async () => {
    const pools = [
      { backend: 'old', service: 'web', select: { track: [null, 'stable'] }, ranges: [{ prefix: 's' }] },
      { backend: 'new', service: 'web', select: { track: ['canary'] }, ranges: [{ prefix: 's' }] },
    ];
    const tracks = parseConfig({ pools });
    const haproxy = haproxyFor(tracks, 3);
    const rows = [
      row({ id: 'a', address: '10.0.0.1' }),
      row({ id: 'b', address: '10.0.0.2', tags: ['haproxy.track=canary'] }),
      row({ id: 'c', address: '10.0.0.3', meta: { 'haproxy-track': 'stable' } }),
    ];
    await runOnce({
      config: tracks,
      haproxy,
      catalog: memoryCatalog(rows),
    });
    expect(readyIn(haproxy, 'old')).toEqual(['s 10.0.0.1:14265 w1 m0', 's 10.0.0.3:14265 w1 m0']);
    expect(readyIn(haproxy, 'new')).toEqual(['s 10.0.0.2:14265 w1 m0']);
  });
});
