// What of the fleet somebody asked for: by instance, backend, load balancer and state. Pure.
import type { Config } from '../config/pools.js';
import { nearNames } from '../model/nearest.js';
import type { Attention, SlotStatus, Status } from '../model/status.js';
import { quote, showName } from '../model/text.js';
import type { FleetLook } from '../run/look.js';
import { findTargets, type Target } from '../run/targets.js';
import { shortNames } from './side-by-side.js';
import { cellWord, type Row, type RowWord } from './status-rows.js';
import { usageError } from './usage.js';

/** As given on the command line. */
export interface StatusFilter {
  readonly instance?: string | undefined;
  readonly backend?: string | undefined;
  readonly lb?: string | undefined;
  readonly state?: string | undefined;
}

/** `ready` is whoever is, whether it serves or not. */
const STATES: Readonly<Record<string, readonly RowWord[]>> = {
  serving: ['serving'],
  down: ['down'],
  'weight-0': ['weight-0'],
  ready: ['serving', 'down', 'weight-0'],
  drain: ['drain'],
  maintenance: ['maintenance'],
  'no-slot': ['no-slot'],
};
export const STATE_NAMES: readonly string[] = Object.keys(STATES);

/** Throws a usage error for a backend or state that there is not: nothing has to be looked at for that. */
export function checkFilter({ backend, state }: StatusFilter, { pools }: Pick<Config, 'pools'>): void {
  const backends = pools.map((pool) => pool.backend);
  if (backend !== undefined && !backends.includes(backend)) throw unknown('--backend', backend, backends);
  if (state !== undefined && !STATE_NAMES.includes(state)) throw unknown('--state', state, STATE_NAMES);
}

/** `--state: "donw" is not known; did you mean down? One of serving, down`. */
export function unknown(what: string, value: string, known: readonly string[]): Error {
  const [near] = nearNames(value, known);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  const named = known.slice(0, MAX_NAMED).join(', ');
  const all = known.length === 0 ? 'there are none' : `${meant === '' ? 'use one of ' : 'One of '}${named}`;
  return usageError(`${what}: ${quote(value)} is not known; ${meant}${all}`);
}

const MAX_NAMED = 10;

/** Whether a row has somebody in this state on some load balancer; undefined: whatever its state. */
export function isInState({ cells }: Pick<Row, 'cells'>, state: string | undefined): boolean {
  const words = state === undefined ? undefined : STATES[state];
  return words === undefined || cells.some((cell) => words.includes(cellWord(cell)));
}

/** With those slots only that are in this state. */
export function inState(status: Status, state: string | undefined): Status {
  if (state === undefined) return status;
  const loadBalancers = status.loadBalancers.map((one) => ({
    ...one,
    slots: one.slots.filter((slot) => isInState({ cells: [slot] }, state)),
  }));
  return { ...status, loadBalancers };
}

/**
 * Narrows a status to what was asked for, but for the state: rows show the other load balancers, too. Throws a
 * usage error with near names for an instance or a load balancer that is not known, and an Error where Consul or
 * a load balancer could not be read: it may be there.
 */
export function narrow(
  status: Status,
  look: FleetLook,
  config: Pick<Config, 'pools'>,
  filter: StatusFilter,
): Status {
  const { lb, backend } = filter;
  const balancer = lb === undefined ? undefined : balancerNamed(lb, status);
  const targets = filter.instance === undefined ? undefined : targetsNamed(filter.instance, look, config);
  const labels = targets && new Set(targets.map(({ label }) => label));
  const keys = targets && new Set(targets.flatMap(keysOf));
  const isAt = (address: string): boolean => balancer === undefined || address === balancer;
  const isIn = (name: string | undefined): boolean =>
    backend === undefined || name === undefined || name === backend;
  const isOf = (instance: string | null): boolean => labels === undefined || labels.has(instance);
  const keepsSlot = (address: string, slot: SlotStatus): boolean =>
    isIn(slot.backend) && (keys?.has(`${address} ${slot.backend}/${slot.slot}`) ?? true);
  const hostPorts = targets?.flatMap((target) => target.hostPorts);
  const isAbout = ({ code, text, instance }: Attention): boolean => {
    if (code === 'differs') return hostPorts?.some((at) => text.includes(` ${at}: `)) ?? true;
    return instance === undefined || isOf(instance);
  };
  const changes = status.pending.changes
    .map((change) => ({ ...change, loadBalancers: change.loadBalancers.filter(isAt) }))
    .filter((change) => change.loadBalancers.length > 0 && isIn(change.backend) && isOf(change.instance));
  return {
    ...status,
    pending: {
      count: status.pending.count === null ? null : changes.length,
      changes,
      unknownOn: status.pending.unknownOn.filter(isAt),
    },
    attention: status.attention
      .filter(
        (one) =>
          isIn(one.backend) &&
          isAbout(one) &&
          (one.loadBalancers.length === 0 || one.loadBalancers.some(isAt)),
      )
      .map((one) => ({ ...one, loadBalancers: one.loadBalancers.filter(isAt) })),
    instances:
      status.instances?.filter(
        (one) => isOf(one.instance) && (backend === undefined || one.backends.includes(backend)),
      ) ?? null,
    loadBalancers: status.loadBalancers
      .filter(({ address }) => isAt(address))
      .map((one) => ({
        ...one,
        slots: one.slots.filter((slot) => keepsSlot(one.address, slot)),
        pools: one.pools.filter((pool) => isIn(pool.backend)),
      })),
    differences: status.differences.filter(
      (line) =>
        (backend === undefined || line.startsWith(`${backend} `)) &&
        (hostPorts?.some((at) => line.includes(` ${at}: `)) ?? true),
    ),
  };
}

const keysOf = ({ slots }: Target): string[] =>
  slots.map(({ address, backend, server }) => `${address} ${backend}/${server.slot}`);

/** By its address, or by the short name that it has in the text. */
function balancerNamed(text: string, { loadBalancers }: Status): string {
  const addresses = loadBalancers.map(({ address }) => address);
  const names = shortNames(addresses);
  const found = addresses.find((address) => address === text || names.get(address) === text);
  if (found === undefined) throw unknown('--lb', text, addresses);
  return found;
}

function targetsNamed(text: string, look: FleetLook, config: Pick<Config, 'pools'>): readonly Target[] {
  const { found, near } = findTargets(look, config, text);
  if (found.length > 0) return found;
  const unread = [
    ...(look.catalogView ? [] : ['Consul']),
    ...look.loadBalancers.filter(({ state }) => state !== 'read').map(({ address }) => address),
  ];
  if (unread.length > 0)
    throw new Error(
      `--instance: ${quote(text)} was not found, but ${unread.join(' and ')} could not be read`,
    );
  if (near.length > 0)
    throw usageError(
      `--instance: ${quote(text)} is not known; did you mean ${near.map((name) => showName(name)).join(', ')}?`,
    );
  throw usageError(`--instance: ${quote(text)} is not known; iri-lb status --all lists who is`);
}
