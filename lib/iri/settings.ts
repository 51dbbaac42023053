// The settings of what the frontend lets through: the IRI API's rules and the limits per source. Pure.
import * as v from 'valibot';
import { commandName, seconds, whole } from '../model/fields.js';

const commands = (standard: string[]) =>
  v.optional(v.pipe(v.array(commandName), v.maxLength(1_000)), standard);

/** Rules for IRI nodes. A command is that of the parsed body, never a word somewhere in it. */
export const iriSettings = v.strictObject({
  /** Refused to all but the whitelist. */
  deniedCommands: commands(['getNeighbors', 'addNeighbors', 'removeNeighbors']),
  /** Proof of work: sent to `powBackend`. */
  powCommands: commands(['attachToTangle', 'interruptAttachingToTangle']),
  /** The pool for proof of work; `iri_pow_back` where the configuration has it, else none. */
  powBackend: v.optional(v.string()),
  /** With `source`, one client's proofs of work would queue at one node while others are idle. */
  powBalance: v.optional(v.picklist(['source', 'leastconn']), 'leastconn'),
  /** Longest body. All of it is held in memory to be read, so this also sizes HAProxy's buffers. */
  bodyLimitBytes: v.optional(whole(64, 16_777_216), 262_144),
});

/** At most `max` in `windowSeconds`; a max of 0 is no limit. */
const rate = (max: number, windowSeconds: number) =>
  v.optional(
    v.strictObject({
      max: v.optional(whole(0, 1_000_000), max),
      windowSeconds: seconds(windowSeconds),
    }),
    {},
  );

/** Abuse limits per source address; who goes beyond one is blocked for `blockSeconds`. */
export const limitSettings = v.strictObject({
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

export type IriSettings = v.InferOutput<typeof iriSettings>;
export type LimitSettings = v.InferOutput<typeof limitSettings>;
