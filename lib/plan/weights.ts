// The weights of a pool's instances, as HAProxy takes them: tags, Consul's Weights, and what is too large. Pure.
import { consulWeight, type ServiceInstance } from '../model/instance.js';
import { MAX_WEIGHT } from '../model/server-limits.js';

/** Of one instance, 0 to 256. */
export interface Weights {
  readonly passing: number;
  readonly warning: number;
}

/** An instance, and the weight that its tag or Meta gives, if any. */
export interface Weighed {
  readonly instance: ServiceInstance;
  readonly tag: number | undefined;
}

/**
 * The weights of all that a pool selects, in their order. Consul's go up to 65,535: where one is more than HAProxy
 * takes, all are scaled by the largest, whatever their health, so that nobody's health changes others' weights.
 * Nobody who has a share loses it.
 */
export function weightsOf(all: readonly Weighed[]): Weights[] {
  const unscaled = all.map(unscaledOf);
  let largest = MAX_WEIGHT;
  for (const { passing, warning } of unscaled) largest = Math.max(largest, passing, warning);
  const scaled = (weight: number): number =>
    weight === 0 ? 0 : Math.max(1, Math.round((weight * MAX_WEIGHT) / largest));
  return unscaled.map(({ passing, warning }) => ({ passing: scaled(passing), warning: scaled(warning) }));
}

/** A tag holds while the instance passes; in warning times it loses what Consul's weight loses. */
function unscaledOf({ instance, tag }: Weighed): Weights {
  const passing = consulWeight(instance, 'passing') ?? 1;
  const warning = consulWeight(instance, 'warning') ?? 1;
  if (tag === undefined) return { passing, warning };
  return { passing: tag, warning: passing === 0 ? tag : (tag * warning) / passing };
}
