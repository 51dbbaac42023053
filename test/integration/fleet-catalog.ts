// Random changes of what is registered, and which instance a collision kept from the slot that it prefers.
import type { CatalogInstance, ConsulApi } from '../../infra/local/consul-api.js';
import { printHostPort } from '../../lib/model/address.js';
import type { Change } from '../../lib/model/change.js';
import type { ServerSettings } from '../../lib/model/server.js';
import { preferredIndex } from '../../lib/plan/slot-choice.js';
import type { Seeded } from './seeded.js';

const PORT = 14265;

export interface Churn {
  /** `address:port` of everybody who is registered, critical or not. */
  readonly registered: ReadonlySet<string>;
  /** Of those, who passes. */
  passing(): string[];
  /** Registers, removes, fails or heals one instance, or moves one to another address. */
  change(): Promise<void>;
}

/** Up to `most` instances at a time, of `addresses` many that there can be. */
export function makeChurn(
  consul: ConsulApi,
  random: Seeded,
  { most, addresses }: { most: number; addresses: number },
): Churn {
  const statuses = new Map<string, 'passing' | 'critical'>();
  const registered = new Set<string>();
  const everybody = Array.from({ length: addresses }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
  const idOf = (address: string): { node: string; id: string } => ({
    node: `node-of-${address}`,
    id: address,
  });
  const put = async (address: string, status: 'passing' | 'critical'): Promise<void> => {
    statuses.set(address, status);
    registered.add(printHostPort(address, PORT));
    const row: CatalogInstance = { ...idOf(address), service: 'iri', address, port: PORT, status };
    await consul.catalogRegister([row]);
  };
  const drop = async (address: string): Promise<void> => {
    statuses.delete(address);
    registered.delete(printHostPort(address, PORT));
    await consul.catalogDeregister([idOf(address)]);
  };
  const absent = (): string => random.pick(everybody.filter((address) => !statuses.has(address)));

  return {
    registered,
    passing: () =>
      [...statuses].flatMap(([address, status]) =>
        status === 'passing' ? printHostPort(address, PORT) : [],
      ),
    change: async () => {
      const present = [...statuses.keys()];
      const what = random.below(10);
      if (present.length < most / 2 || (what < 4 && present.length < most)) return put(absent(), 'passing');
      const somebody = random.pick(present);
      if (what < 7) return drop(somebody);
      if (what < 9) return put(somebody, statuses.get(somebody) === 'passing' ? 'critical' : 'passing');
      await drop(somebody);
      await put(absent(), 'passing');
    },
  };
}

/** Slots by name, with the `address:port` in each; empty where there never was one. */
export type Layout = ReadonlyMap<string, string>;

/** The slot that an instance at `address:port` prefers among `count` slots. */
export const preferredSlot = (prefix: string, at: string, count: number): string =>
  `${prefix}${preferredIndex(at, count) + 1}`;

export const addressOf = ({ address, port }: ServerSettings): string =>
  address === null ? '' : printHostPort(address, port);

/**
 * Of the instances that a run placed, those that could not have the slot they prefer: it was somebody's who
 * is registered or left in the same run (such a slot is taken only when no other is free), or another one that was
 * placed in the same run had it first.
 */
export function collisions(
  changes: readonly Change[],
  before: Layout,
  registered: ReadonlySet<string>,
  preferred: (at: string) => string,
): Set<string> {
  const added = changes.filter(({ action }) => action === 'add');
  const leaving = new Set(changes.filter(({ action }) => action === 'remove').map(({ slot }) => slot));
  const takenNow = new Map(added.map(({ slot, after }) => [slot, addressOf(after)]));
  return new Set(
    added
      .map(({ after }) => addressOf(after))
      .filter((at) => {
        const slot = preferred(at);
        const owner = before.get(slot) ?? '';
        const other = takenNow.get(slot);
        return registered.has(owner) || leaving.has(slot) || (other !== undefined && other !== at);
      }),
  );
}
