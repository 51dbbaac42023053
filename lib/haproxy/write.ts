// Writes one step of a plan through one connection, phase by phase, and waits until new addresses show.
import { printHostPort } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { Clock } from '../model/clock.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { ObservedServer } from '../model/server.js';
import { quote, showMs } from '../model/text.js';
import { isDone, serverCommands, showServersState } from './commands.js';
import { awaitIdle } from './idle.js';
import type { ServerStateRow } from './listings.js';
import { type AddressWrite, phasesOf, type SettingWrite, type Write } from './phases.js';
import { parseAddresses, permissionError } from './read.js';
import { Refusals } from './refusals.js';

/** Longest pause between two looks at addresses that do not show yet, in milliseconds. */
const MAX_PAUSE_MS = 50;

export interface WriteOptions {
  readonly clock: Clock;
  /** How long new addresses may take to show, in milliseconds; 2.9 and later apply them after the answer. */
  readonly addressTimeoutMs: number;
  /** The newest listing, by backend. */
  readonly listed: ReadonlyMap<string, readonly ObservedServer[]>;
  /**
   * Whether this version serves a slot's new address from its old node, over connections that were in use when
   * the address changed: then its requests have to end first.
   */
  readonly keepsConnections: boolean;
  /** Looks until `isOver`, bounded; whether it was. */
  wait(isOver: () => Promise<boolean>): Promise<boolean>;
}

/** HAProxy's word that a backend's balance takes no weight at runtime. */
const STATIC = /static LB algorithm/;

const DRAINED = 'the operator put it in DRAIN meanwhile';

/**
 * Writes the changes of one step; each command fails alone, and what is refused is in the result. A slot whose
 * address does not show, or that HAProxy refused anything but a setting, is not made ready, and one that the
 * newest listing has in DRAIN gets no further command. Throws HAProxyError of kind `permission` below level
 * admin, and what the connection throws.
 */
export async function writeStep(
  connection: RuntimeConnection,
  changes: readonly Change[],
  options: WriteOptions,
): Promise<Refusals> {
  const { clock, addressTimeoutMs, listed, keepsConnections, wait } = options;
  const refused = new Refusals();
  const special = specialIn(changes, listed);
  // One that was planned on as drained is no operator's: its agent says so, again and again, of who has left.
  const known = new Set(changes.filter(({ before }) => before.state === 'drain').map(nameOf));
  const holdsDrained = (name: string, backend: string): boolean => {
    if (known.has(name)) return false;
    refused.add(name, { backend, kind: 'drain', words: DRAINED });
    return true;
  };
  if (special.size > 0)
    for (const change of changes)
      if (special.get(nameOf(change))?.state === 'drain') holdsDrained(nameOf(change), change.backend);

  const { maintenance, addresses, settings, ready } = phasesOf(
    changes,
    (name) => special.get(name)?.hasAgent === true,
  );
  await send(maintenance);
  if (keepsConnections && addresses.length > 0) {
    const stopped = new Set(maintenance.map(({ name }) => name));
    const doubtful = addresses.filter(
      ({ name }) => !refused.stops(name) && (stopped.has(name) || (special.get(name)?.sessions ?? 0) > 0),
    );
    await awaitIdle(connection, doubtful, refused, { wait, holdsDrained });
  }
  const backends = backendsOf(addresses, ready);
  const first = await send([...addresses, ...settings], backends);
  const newest = await awaitAddresses(first);
  if ([...newest.values()].some((drained) => drained.size > 0))
    for (const { name, backend } of ready) if (newest.get(backend)?.has(name)) holdsDrained(name, backend);
  await send(ready);
  return refused;

  /** Writes, and then lists the addresses in these backends, in one exchange. */
  async function send(
    writes: readonly (Write | SettingWrite)[],
    backends: readonly string[] = [],
  ): Promise<Listed> {
    const allowed = refused.isEmpty() ? writes : writes.filter(({ name }) => !refused.stops(name));
    const lines = [...allowed.map(({ line }) => line), ...backends.map(showServersState)];
    const answers = await connection.send(lines);
    for (const [index, write] of allowed.entries()) {
      const answer = answers[index] ?? '';
      if (answer !== '') judge(write, answer);
    }
    return backends.map((backend, index) => [
      backend,
      parseAddresses(connection, backend, answers[allowed.length + index] ?? ''),
    ]);
  }

  function judge(write: Write | SettingWrite, answer: string): void {
    const { name, backend, line } = write;
    if (/^Permission denied/.test(answer)) throw permissionError(connection.name, line);
    if (isDone(line, answer)) return;
    const words = `${quote(line)} was answered ${quote(answer)}`;
    if (!('setting' in write))
      refused.add(name, { backend, kind: 'failed', words, stayed: line.endsWith(' maint') });
    // An agent-check that was switched off meanwhile has no word to be cleared.
    else if (write.setting !== 'agent')
      refused.addSetting({
        name,
        backend,
        kind: 'setting',
        words,
        setting: write.setting,
        value: write.value,
        isStatic: STATIC.test(answer),
      });
  }

  /** Waits until the addresses show; gives the slots in DRAIN as last listed, by backend. */
  async function awaitAddresses(first: Listed): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const deadline = clock.monotonicMs() + addressTimeoutMs;
    const missing = missingBySlot(addresses.filter(({ name }) => !refused.stops(name)));
    const drained = new Map<string, ReadonlySet<string>>();
    let listing = first;
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      for (const [backend, rows] of listing) {
        drained.set(backend, drainedIn(backend, rows));
        strikeShown(missing, backend, rows);
      }
      if (missing.size === 0 || clock.monotonicMs() >= deadline) break;
      await clock.sleep(pauseMs);
      listing = await send([], [...missing.keys()]);
    }
    for (const { name, backend, hostPort } of [...missing.values()].flatMap((slots) => [...slots.values()])) {
      const words = `address ${hostPort} did not show within ${showMs(addressTimeoutMs)}`;
      refused.add(name, { backend, kind: 'failed', words });
    }
    // Those that were not looked at while the others were waited for.
    const seen = new Set(listing.map(([backend]) => backend));
    const unseen = backends.filter((backend) => !seen.has(backend));
    if (listing !== first && unseen.length > 0)
      for (const [backend, rows] of await send([], unseen)) drained.set(backend, drainedIn(backend, rows));
    return drained;
  }
}

function backendsOf(...writes: readonly (readonly Write[])[]): string[] {
  const backends = new Set<string>();
  for (const some of writes) for (const { backend } of some) backends.add(backend);
  return [...backends];
}

const nameOf = ({ backend, slot }: Pick<Change, 'backend' | 'slot'>): string => `${backend}/${slot}`;

/** Makes these servers ready again as they are, whoever they are for. */
export async function restoreServers(
  connection: RuntimeConnection,
  servers: readonly Pick<Change, 'backend' | 'slot'>[],
): Promise<void> {
  await connection.send(servers.map(({ backend, slot }) => serverCommands(backend, slot).state('ready')));
}

/** Backends and what is in their slots. */
type Listed = readonly (readonly [string, readonly ServerStateRow[]])[];

/**
 * The servers that have to be written with care, by `backend/slot`: in DRAIN, with an agent-check, or with requests.
 * Most runs have none of them.
 */
function specialIn(changes: readonly Change[], listed: WriteOptions['listed']): Map<string, ObservedServer> {
  const special = new Map<string, ObservedServer>();
  for (const backend of new Set(changes.map((change) => change.backend)))
    for (const server of listed.get(backend) ?? []) {
      const { slot, state, hasAgent, sessions } = server;
      if (state === 'drain' || hasAgent || sessions > 0) special.set(nameOf({ backend, slot }), server);
    }
  return special;
}

function drainedIn(backend: string, rows: readonly ServerStateRow[]): ReadonlySet<string> {
  const drained = new Set<string>();
  for (const { slot, state } of rows) if (state === 'drain') drained.add(`${backend}/${slot}`);
  return drained;
}

type Missing = Map<string, Map<string, AddressWrite>>;

/** By backend, then by slot. */
function missingBySlot(writes: readonly AddressWrite[]): Missing {
  const missing: Missing = new Map();
  for (const write of writes) {
    const slots = missing.get(write.backend) ?? new Map<string, AddressWrite>();
    missing.set(write.backend, slots.set(write.slot, write));
  }
  return missing;
}

/** Takes out those whose address shows. */
function strikeShown(missing: Missing, backend: string, rows: readonly ServerStateRow[]): void {
  const slots = missing.get(backend);
  if (!slots) return;
  for (const { slot, address, port } of rows) {
    const wanted = slots.get(slot);
    if (wanted && address !== null && wanted.hostPort === printHostPort(address, port)) slots.delete(slot);
  }
  if (slots.size === 0) missing.delete(backend);
}
