// The settings of the abuse limits per source. Pure.
import * as v from 'valibot';
import { strict, whole } from '../model/fields.js';
import { seconds } from './fields.js';

/** At most `max` in `windowSeconds`; a max of 0 is no limit. */
const rate = (max: number, windowSeconds: number) =>
  v.optional(
    strict({
      max: v.optional(whole(0, 1_000_000), max),
      windowSeconds: seconds(windowSeconds),
    }),
    {},
  );

/** Abuse limits per source address; who goes beyond one is blocked for `blockSeconds`. */
export const limitSettings = strict({
  /** Requests in a short time. */
  requestRate: rate(400, 10),
  /** Requests in a long time. */
  requestCount: rate(500, 300),
  /** New connections in a short time. */
  connectionRate: rate(250, 3),
  /** Connections at a time, to one load balancer: peers do not tell each other; 0 is no limit. */
  connections: v.optional(whole(0, 1_000_000), 21),
  blockSeconds: seconds(300),
  /** Sources remembered. */
  tableSize: v.optional(whole(1, 100_000_000), 1_000_000),
  /** Addresses that share this many leading bits are one source: IPv6 hosts own whole networks. */
  ipv6PrefixBits: v.optional(whole(1, 128), 64),
});

export type LimitSettings = v.InferOutput<typeof limitSettings>;
