// Random changes of registrations, one by one or as a steady churn: some instances pass all the time, others come, fail and leave.
import { setTimeout as pause } from 'node:timers/promises';
import type { CatalogInstance, CheckStatus, ConsulApi } from '../../infra/local/consul-api.js';
import { waitFor } from '../../infra/local/wait-for.js';
import type { Seeded } from '../integration/seeded.js';

const STAYERS = 6;
const VISITORS = 14;
/** Slots that a backend needs for all of them at once. */
export const CHURN_SLOTS = STAYERS + VISITORS;
/** From one change to the next, in milliseconds. */
const PACE_MS = 20;
/** Longest time a change may take to be accepted, in milliseconds: an election takes some seconds. */
const PATIENCE_MS = 60_000;

export interface Changes {
  /** `address:port` of those that pass from the first to the last moment. */
  readonly stayers: readonly string[];
  /** Makes one change of one of the others; resolves when Consul has accepted it. */
  next(): Promise<void>;
}

export interface Churn {
  /** Changes that Consul has accepted so far. */
  readonly accepted: () => number;
  /** Ends after the change that is under way; rejects when one was never accepted. */
  stop(): Promise<void>;
}

interface Visitor {
  readonly number: number;
  status: CheckStatus | 'absent';
}

/** Registers those that stay. Each change is written to the servers in turn until one of them accepts it. */
export async function prepareChanges(servers: readonly ConsulApi[], random: Seeded): Promise<Changes> {
  let turn = 0;
  const write = async (change: (server: ConsulApi) => Promise<void>): Promise<void> => {
    const attempt = async (): Promise<true> => {
      const server = servers[turn++ % servers.length];
      if (server) await change(server);
      return true;
    };
    await waitFor(attempt, { what: 'Consul to accept a change', timeoutMs: PATIENCE_MS });
  };
  const visitors = Array.from({ length: VISITORS }, (_, index): Visitor => {
    return { number: STAYERS + index, status: 'absent' };
  });
  const settings = (): string[] => {
    const pow = random.pick([[], ['haproxy.pow=true'], ['haproxy.pow=only']]);
    return [`haproxy.weight=${1 + random.below(9)}`, `haproxy.maxconn=${1 + random.below(9)}`, ...pow];
  };

  const stayers = Array.from({ length: STAYERS }, (_, number) => rowOf(number, ['haproxy.pow=true']));
  await write((server) => server.catalogRegister(stayers));
  return {
    stayers: stayers.map(({ address, port }) => `${address}:${port}`),
    next: async () => {
      const visitor = random.pick(visitors);
      const status = random.pick(visitor.status === 'absent' ? COMING : STAYING);
      const row = rowOf(visitor.number, settings());
      visitor.status = status;
      if (status === 'absent')
        await write((server) => server.catalogDeregister([{ node: row.node, id: row.service }]));
      else await write((server) => server.catalogRegister([{ ...row, status }]));
    },
  };
}

/** One change after another until it is stopped. */
export function startChurn(changes: Changes): Churn {
  let accepted = 0;
  let going = true;
  const ended = (async () => {
    while (going) {
      await changes.next();
      accepted += 1;
      await pause(PACE_MS);
    }
  })();
  return {
    accepted: () => accepted,
    stop: () => {
      going = false;
      return ended;
    },
  };
}

const COMING = ['passing', 'passing', 'warning', 'critical'] as const;
/** Passing again is other settings, for one that passes already. */
const STAYING = ['passing', 'critical', 'absent'] as const;

function rowOf(number: number, tags: readonly string[]): CatalogInstance {
  return { node: `node-${number}`, service: 'iri', address: `10.0.1.${number + 1}`, port: 14265, tags };
}
