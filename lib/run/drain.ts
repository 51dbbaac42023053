// Puts slots into DRAIN by hand, on every load balancer at once: the operator's word, which runs leave alone.
import { serverCommands } from '../haproxy/commands.js';
import { permissionError, readHAProxy } from '../haproxy/read.js';
import { printHostPort } from '../model/address.js';
import { parseAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import { isHealthy } from '../model/instance.js';
import type { Connect, RuntimeConnection } from '../model/runtime.js';
import { isServing, type Observed, type ObservedServer, type SlotState } from '../model/server.js';
import { quote } from '../model/text.js';
import type { FleetLook } from './look.js';
import type { Target, TargetSlot } from './targets.js';

/** A slot as it was looked at. */
export interface HandSlot {
  /** The load balancer's. */
  readonly address: string;
  readonly backend: string;
  readonly slot: string;
  /** Who is there. */
  readonly hostPort: string;
  readonly state: SlotState;
  readonly serves: boolean;
}

/** Where an instance takes requests, or soon may. */
export interface DrainChoice {
  readonly slots: readonly HandSlot[];
  /** Slots that are in maintenance, since Consul has the instance so: it takes no requests there. */
  readonly out: readonly HandSlot[];
  /** Load balancers on which it has no slot, though a run would give it one. */
  readonly without: readonly string[];
}

/**
 * The slots that a drain of it touches. One in maintenance is, where its instance is healthy and has no other there:
 * the next run would make it ready. What nobody in Consul has, and is in maintenance, is free.
 */
export function slotsToDrain({ located, slots }: Target, { loadBalancers }: FleetLook): DrainChoice {
  const isWell = located !== undefined && isHealthy(located.instance.health);
  const [chosen, out, without]: [HandSlot[], HandSlot[], string[]] = [[], [], []];
  for (const { address, observed } of loadBalancers) {
    const here = slots.filter((slot) => slot.address === address);
    if (observed && here.length === 0 && isWell) without.push(address);
    for (const backend of new Set(here.map((slot) => slot.backend))) {
      const own = here.filter((slot) => slot.backend === backend).map(handSlotOf);
      const live = own.filter(({ state }) => state !== 'maintenance');
      if (live.length > 0) chosen.push(...live);
      else if (isWell) chosen.push(...own.slice(0, 1));
      else if (located) out.push(...own.slice(0, 1));
    }
  }
  return { slots: chosen, out, without };
}

export function handSlotOf({ address, backend, server }: TargetSlot): HandSlot {
  const { slot, state } = server;
  return { address, backend, slot, hostPort: hostPortOf(server), state, serves: isServing(server) };
}

export interface HandDeps {
  readonly connect: Connect;
  /** Longest time for one load balancer, in milliseconds. */
  readonly budgetMs: number;
}

export interface DrainOptions {
  /** End their sessions at once, requests in flight included. */
  readonly cut: boolean;
  /** Why these are not to be drained at a load balancer after all, by what is listed with its socket held. */
  readonly refuse?: (address: string, slots: readonly HandSlot[], observed: Observed) => string | undefined;
}

/** What became of a slot. */
export interface Drained extends HandSlot {
  /** `already`: it was in DRAIN before. */
  readonly result: 'done' | 'already' | 'failed';
  readonly error?: string;
  /** Requests running there and queued for it, read back at last; undefined: not known. */
  readonly requests?: number;
  /** The process that has it. */
  readonly process?: Observed['process'];
}

/**
 * Drains them, each load balancer in one connection, which reads before and after. One at which somebody else is by
 * now, or whose state is another one, is left alone. Never throws: what fails is in the result.
 */
export async function drainSlots(
  deps: HandDeps,
  slots: readonly HandSlot[],
  options: DrainOptions,
): Promise<readonly Drained[]> {
  const results = await Promise.all(
    byLoadBalancer(slots).map(([address, own]) =>
      withConnection(deps, address, (connection) => drainThere(connection, own, options)).catch(
        (error: unknown) =>
          own.map((slot): Drained => ({ ...slot, result: 'failed', error: messageOf(error) })),
      ),
    ),
  );
  return results.flat();
}

/** Slots by load balancer, in their order. */
export function byLoadBalancer<T extends Pick<HandSlot, 'address'>>(
  slots: readonly T[],
): (readonly [address: string, slots: readonly T[]])[] {
  const names = new Set(slots.map(({ address }) => address));
  return [...names].map((name) => [name, slots.filter(({ address }) => address === name)]);
}

/** One connection to the load balancer of that printed name, closed afterwards. */
export async function withConnection<T>(
  { connect, budgetMs }: HandDeps,
  name: string,
  work: (connection: RuntimeConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect(socketOf(name), budgetMs);
  return work(connection).finally(() => connection.close());
}

function socketOf(name: string): SocketAddress {
  const address = parseAdminAddress(name);
  if (!address || address.kind === 'consul') throw new Error(`${quote(name)} is no load balancer's address`);
  return address;
}

async function drainThere(
  connection: RuntimeConnection,
  slots: readonly HandSlot[],
  { cut, refuse }: DrainOptions,
): Promise<readonly Drained[]> {
  const backends = [...new Set(slots.map(({ backend }) => backend))];
  const before = await readHAProxy(connection, backends);
  const no = refuse?.(connection.name, slots, before);
  const judged = slots.map((slot) => ({ slot, error: no ?? whyNot(slot, serverAt(slot, before)) }));
  const going = judged.filter(({ error }) => error === undefined).map(({ slot }) => slot);
  const refused = new Map<HandSlot, string>();
  const fresh = going.filter((slot) => serverAt(slot, before)?.state !== 'drain');
  await write(
    connection,
    fresh,
    ({ backend, slot }) => serverCommands(backend, slot).state('drain'),
    refused,
  );
  if (cut)
    await write(
      connection,
      going.filter((slot) => !refused.has(slot)),
      ({ backend, slot }) => serverCommands(backend, slot).shutdownSessions(),
      refused,
    );
  const after = await readHAProxy(connection, backends);
  return judged.map(({ slot, error }): Drained => {
    const server = serverAt(slot, after);
    const wrong = error ?? refused.get(slot) ?? (server?.state === 'drain' ? undefined : NOT_SHOWN);
    if (wrong !== undefined) return { ...slot, result: 'failed', error: wrong };
    const result = fresh.includes(slot) ? 'done' : 'already';
    return { ...slot, result, requests: server?.sessions ?? 0, process: after.process };
  });
}

const NOT_SHOWN = 'HAProxy does not list it in DRAIN; is somebody else writing to it?';

/** Sends one command for each; HAProxy's words of those that it refused go to `refused`. */
export async function write(
  connection: RuntimeConnection,
  slots: readonly HandSlot[],
  lineOf: (slot: HandSlot) => string,
  refused: Map<HandSlot, string>,
): Promise<void> {
  const lines = slots.map(lineOf);
  const answers = await connection.send(lines);
  for (const [at, slot] of slots.entries()) {
    const [line = '', answer = ''] = [lines[at], answers[at]];
    if (/^Permission denied/.test(answer)) throw permissionError(connection.name, line);
    if (answer !== '') refused.set(slot, `${quote(line)} was answered ${quote(answer)}`);
  }
}

/** The server of the slot's name. */
export const serverAt = (
  { backend, slot }: Pick<HandSlot, 'backend' | 'slot'>,
  { backends }: Observed,
): ObservedServer | undefined => backends.get(backend)?.find((server) => server.slot === slot);

/** Why a slot is not the one that was looked at any more; undefined: it is. */
export function whyOther({ hostPort }: HandSlot, server: ObservedServer | undefined): string | undefined {
  if (!server) return 'HAProxy has no such server any more';
  const now = hostPortOf(server);
  return now === hostPort ? undefined : `it was freed meanwhile, and is at ${now}`;
}

function whyNot(slot: HandSlot, server: ObservedServer | undefined): string | undefined {
  const other = whyOther(slot, server);
  if (other !== undefined || !server) return other;
  if (server.state !== 'maintenance' || slot.state === 'maintenance') return undefined;
  return `it went from ${slot.state} to ${server.state} meanwhile`;
}

const hostPortOf = ({ address, port }: ObservedServer): string =>
  address === null ? 'no address' : printHostPort(address, port);
