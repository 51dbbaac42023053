// What `why` is asked, and what Consul wants at that address in a pool. Pure.
import type { Config, Pool } from '../../config/pools.js';
import { printHostPort } from '../../model/address.js';
import { healthiestFirst, isHealthy, isInMaintenance } from '../../model/instance.js';
import type { RunsKnown, WhyCheck } from '../../model/why.js';
import { type Exclusion, exclusionOf, type Selected } from '../../plan/selection.js';
import type { FleetLook } from '../look.js';
import type { Target } from '../targets.js';

export interface WhyQuestion {
  /** As somebody typed it. */
  readonly asked: string;
  readonly target: Target;
  readonly look: FleetLook;
  readonly config: Config;
  /** Of the instance, as Consul has them. */
  readonly checks: readonly WhyCheck[];
  readonly moreChecks?: number;
  /** What is known of who runs. */
  readonly runs: RunsKnown;
}

/** What Consul wants in a pool of whoever is at the address of the target. */
export interface Wish {
  /** Why the pool's rule leaves the instance out; undefined: it does not, or there is nobody. */
  readonly exclusion: Exclusion | undefined;
  /** The instance itself, where the pool serves it. */
  readonly own: Selected | undefined;
  /** Whose settings and health hold at the address: the healthiest there; undefined: nobody is to be served. */
  readonly deciding: Selected | undefined;
  /** Another at the address, which an operator has in maintenance: that holds for all. */
  readonly heldBy: Selected | undefined;
  readonly isHealthy: boolean;
  readonly weight: number;
  readonly maxconn: number;
  /** Labels of all who are to be served there. */
  readonly labels: ReadonlySet<string>;
}

export function wishOf({ target, look }: WhyQuestion, pool: Pool): Wish {
  const { instance, located, hostPorts } = target;
  const there = new Set(hostPorts);
  const isThere = ({ located: { instance: other, addresses = [], port } }: Selected): boolean =>
    other === instance || addresses.some((address) => there.has(printHostPort(address, port)));
  const members = (look.catalogView?.view.selected.get(pool.backend) ?? []).filter(isThere);
  const [deciding] = [...members].sort((a, b) => healthiestFirst(a.located.instance, b.located.instance));
  const held = members.filter((one) => isInMaintenance(one.located.instance));
  const health = deciding?.located.instance.health ?? 'critical';
  return {
    exclusion: located && exclusionOf(pool, located),
    own: members.find((one) => one.located.instance === instance),
    deciding,
    heldBy: held.find((one) => one.located.instance !== instance),
    isHealthy: held.length === 0 && isHealthy(health),
    weight: (health === 'warning' ? deciding?.weights.warning : deciding?.weights.passing) ?? 0,
    maxconn: deciding?.maxconn ?? 0,
    labels: new Set([...members.map((one) => one.located.label), ...(located ? [located.label] : [])]),
  };
}

/** Pools of the service of the target; of slots that are nobody's those whose backends have them. */
export function poolsOf({ target: { service, slots }, config: { pools } }: WhyQuestion): Pool[] {
  if (service !== null) return pools.filter((pool) => pool.service === service);
  const backends = new Set(slots.map(({ backend }) => backend));
  return pools.filter(({ backend }) => backends.has(backend));
}
