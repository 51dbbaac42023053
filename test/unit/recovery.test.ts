// Processes that are replaced, connections that break and listings that tear, in the middle of a run.
import { describe, expect, it } from 'vitest';
import { ConnectionClosedError } from '../../lib/haproxy/errors.js';
import type { RuntimeConnection } from '../../lib/reconcile/ports.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';
import { row } from './catalog.js';

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
      const { only } = await runOnce({ haproxy, catalog: memoryCatalog([row()]) });
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
              throw new ConnectionClosedError(connection.name, 'connection lost');
            return connection.send(lines);
          },
        };
      });
      return { inner, haproxy };
    };
    const once = breaking(1);
    await runOnce({ haproxy: once.haproxy, catalog: memoryCatalog([row()]) });
    expect(readyIn(once.inner, 'iri_back')).toHaveLength(1);
    const always = breaking(99);
    const { only } = await runOnce({ haproxy: always.haproxy, catalog: memoryCatalog([row()]) });
    expect(only).toMatchObject({ outcome: 'failed', error: 'haproxy tcp://simulated:9999: connection lost' });
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
    await runOnce({ haproxy: once.haproxy, catalog: memoryCatalog([row()]) });
    expect(readyIn(once.inner, 'iri_back')).toHaveLength(1);
    const { only } = await runOnce({ haproxy: torn(999).haproxy, catalog: memoryCatalog([row()]) });
    expect(only.error).toContain('listings disagreed 5 times');
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
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([row()]) });
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
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([row()]) });
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
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([row()]) });
    expect(only.error).toContain('is somebody else writing to it?');
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
    await runOnce({ config: tracks, haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'old')).toEqual(['s 10.0.0.1:14265 w1 m0', 's 10.0.0.3:14265 w1 m0']);
    expect(readyIn(haproxy, 'new')).toEqual(['s 10.0.0.2:14265 w1 m0']);
  });
});
