// The settings of the IRI API's rules. Pure.
import * as v from 'valibot';
import { matching, orOff, strict, whole } from '../model/fields.js';

/** A command of the IRI API; the frontend lets no other kind of name through. */
const commandName = matching(/^[A-Za-z]{1,64}$/, 'use 1 to 64 letters');

const commands = (standard: string[]) =>
  v.optional(v.pipe(v.array(commandName), v.maxLength(1_000)), standard);

/** Rules for IRI nodes. A command is that of the parsed body, never a word somewhere in it. */
export const iriSettings = strict({
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

/** On by default, so that leaving it out never opens the nodes; `false` for any other service. */
export const iriSettingsOrOff = v.optional(orOff(iriSettings), {});

export type IriSettings = v.InferOutput<typeof iriSettings>;
