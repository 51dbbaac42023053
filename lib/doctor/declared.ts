// Judges how slots are declared: what would serve before the first run, and who else has a say about them. Pure.
import type { Declared } from '../haproxy/proxies.js';
import { quote, showName } from '../model/text.js';
import type { PlaceGroup } from '../plan/placement.js';
import type { PoolHere } from './desired.js';
import type { BackendFacts, HAProxyFacts } from './facts.js';
import { error, type Finding, warning } from './finding.js';
import { counted, someOf } from './names.js';

const DECLARE = 'declare slots as "slot.invalid:1" with "init-addr last,0.0.0.0" and without "resolvers"';

/** A place with what is known of its declaration. */
interface Slot extends Declared {
  readonly place: PlaceGroup['places'][number];
  readonly slot: string;
}

export function judgeDeclared(
  subject: string,
  { declared }: BackendFacts,
  here: PoolHere,
  found: HAProxyFacts,
): Finding[] {
  return here.groups.flatMap(({ places }) => {
    const slots = places.flatMap((place): Slot[] => {
      const known = declared.get(place.server.slot);
      return known ? [{ ...known, place, slot: place.server.slot }] : [];
    });
    return [
      ...judgeDisabled(subject, slots),
      ...judgeResolvers(subject, slots, here, found),
      ...judgeTrack(subject, slots),
      ...judgeAgent(subject, slots),
      ...judgeCookie(subject, slots),
    ];
  });
}

const namesOf = (slots: readonly Slot[]): string => someOf(slots.map(({ slot }) => slot));

/** Filled by `resolvers`, they are in nobody's maintenance, and judged as that. */
function judgeDisabled(subject: string, slots: readonly Slot[]): Finding[] {
  const open = slots.filter(
    ({ isDisabled, isUnresolved, srvRecord }) => !isDisabled && !isUnresolved && srvRecord === null,
  );
  if (open.length === 0) return [];
  // What is filled now is empty after the next start, and a placeholder means the host itself.
  const empty = open.find(({ place }) => place.hostPort === undefined);
  const port = empty && empty.place.server.port > 0 ? ` (port ${empty.place.server.port})` : '';
  const isLiteral = open.every(({ hostName }) => hostName === null);
  const where = isLiteral ? 'the address that they are declared with' : `this very host${port}`;
  const finding = `${counted(open.length, 'slot')} (${namesOf(open)}) declared without "disabled": from each start to the first run they take requests, and send them to ${where}`;
  return [error('haproxy', subject, finding, 'add "disabled" to the server-template line')];
}

function judgeResolvers(
  subject: string,
  slots: readonly Slot[],
  { labels }: PoolHere,
  { resolvers }: HAProxyFacts,
): Finding[] {
  const bySrv = slots.filter(({ srvRecord }) => srvRecord !== null);
  if (bySrv.length > 0) {
    const record = showName(bySrv[0]?.srvRecord ?? '');
    const finding = `HAProxy's resolvers fill ${counted(bySrv.length, 'slot')} (${namesOf(bySrv)}) from the SRV record ${record}, and undo what a run sets`;
    return [error('haproxy', subject, finding, DECLARE)];
  }
  if (!resolvers.answer || labels === undefined) return [];
  const foreign = slots.filter(
    ({ hostName, place: { server, hostPort } }) =>
      hostName !== null &&
      !/\.invalid$/.test(hostName) &&
      server.state === 'ready' &&
      hostPort !== undefined &&
      !labels.has(hostPort),
  );
  if (foreign.length === 0) return [];
  const host = showName(foreign[0]?.hostName ?? '');
  const finding = `${counted(foreign.length, 'slot')} (${namesOf(foreign)}) are ready where nobody in Consul is, and HAProxy has resolvers: they seem to fill slots with what ${host} resolves to, and undo what a run sets`;
  return [error('haproxy', subject, finding, DECLARE)];
}

function judgeTrack(subject: string, slots: readonly Slot[]): Finding[] {
  const tracking = slots.filter(({ tracks }) => tracks !== '');
  if (tracking.length === 0) return [];
  const finding = `${counted(tracking.length, 'slot')} (${namesOf(tracking)}) track ${showName(tracking[0]?.tracks ?? '')}: they are up and down with that server, whoever is in them`;
  return [error('haproxy', subject, finding, 'take "track" out of the server-template line')];
}

function judgeAgent(subject: string, slots: readonly Slot[]): Finding[] {
  const watched = slots.filter(({ hasAgentCheck }) => hasAgentCheck);
  if (watched.length === 0) return [];
  const held = watched.filter(
    ({ place: { server } }) => server.state !== 'maintenance' && /agent|^DRAIN/.test(server.status),
  );
  const now = held.length === 0 ? '' : `; now it is ${held[0]?.place.server.status} for ${namesOf(held)}`;
  const finding = `${counted(watched.length, 'slot')} (${namesOf(watched)}) have an agent-check beside runs: what the agent says of a server holds, and no run undoes it${now}`;
  const todo = 'take "agent-check" out where Consul shall decide alone';
  return [warning('haproxy', subject, finding, todo)];
}

/** Those of `dynamic` are 16 hexadecimal digits, and as equal as the addresses that they are made of. */
function judgeCookie(subject: string, slots: readonly Slot[]): Finding[] {
  const first = slots.find(({ cookie }) => cookie !== '');
  if (!first) return [];
  const alike = slots.filter(({ cookie }) => cookie === first.cookie);
  const addresses = new Set(alike.map(({ place }) => place.hostPort));
  if (alike.length < 2 || (/^[0-9a-f]{16}$/.test(first.cookie) && addresses.size < 2)) return [];
  const finding = `${counted(alike.length, 'slot')} (${namesOf(alike)}) have one cookie, ${quote(first.cookie)}, so that it leads a client to any of them`;
  const todo = 'use "dynamic" on the cookie line with a dynamic-cookie-key, the same on every load balancer';
  return [warning('haproxy', subject, finding, todo)];
}
