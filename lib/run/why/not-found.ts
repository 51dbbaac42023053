// What is said where nobody is meant, or several: who is near, and what could not be looked at. Pure.
import type { Config } from '../../config/pools.js';
import { parseIp } from '../../model/address.js';
import { textOf } from '../../model/problem.js';
import { plainText, showName } from '../../model/text.js';
import { reportedCause } from '../../model/why-causes.js';
import type { BalancerLook, FleetLook } from '../look.js';
import type { Target, Targets } from '../targets.js';
import { consulCauses } from './consul-causes.js';
import { shortNames } from './verdict.js';

export interface NotFound {
  readonly version: 1;
  readonly asked: string;
  readonly text: string;
  /** Of several who are meant: their names, and where they are. */
  readonly matches: readonly { readonly name: string; readonly at: string }[];
  /** Names that may have been meant. */
  readonly near: readonly string[];
  /** Whether it is known that nobody is meant, or that several are. */
  readonly isKnown: boolean;
}

const MAX_MATCHES = 20;

export function notFound(
  asked: string,
  look: FleetLook,
  { found, near, empty }: Targets,
  { pools }: Pick<Config, 'pools'>,
): NotFound {
  const answer = {
    version: 1 as const,
    asked: plainText(asked),
    matches: [],
    near: near.map((name) => showName(name)),
  };
  if (found.length > 0)
    return {
      ...answer,
      text: `${showName(asked)} may be any of ${found.length}; name one of these:`,
      matches: found.slice(0, MAX_MATCHES).map((target) => ({ name: nameOf(target), at: placeOf(target) })),
      isKnown: true,
    };
  const unknown = unknownBecause(asked, look, isPlace(asked, pools));
  if (unknown !== undefined) return { ...answer, text: unknown, isKnown: false };
  const names = shortNames(look.loadBalancers.map(({ address }) => address));
  if (empty.length > 0) {
    const on = empty.map((address) => names.get(address) ?? address).join(' and ');
    return { ...answer, text: `${showName(asked)} is a slot that holds nobody on ${on}`, isKnown: true };
  }
  const unread = look.loadBalancers.filter(({ state }) => state !== 'read');
  const but = unread.map(({ address, state }) => ` (${names.get(address) ?? address} is ${state})`).join('');
  const end = near.length > 0 ? '; near are:' : '; iri-lb status shows who is';
  return {
    ...answer,
    text: `nobody is named ${showName(asked)} in Consul, nor in HAProxy${but}${end}`,
    isKnown: true,
  };
}

const nameOf = ({ label, hostPorts: [first = ''] }: Target): string => label ?? showName(first);

function placeOf({ hostPorts: [first = ''], service, slots: [slot] }: Target): string {
  const where = service ?? (slot ? `${slot.backend}/${slot.server.slot}` : '');
  return `${first} ${where}`.trim();
}

/** Whether it can be a slot, or the address of one, as opposed to a name in Consul. */
const isPlace = (asked: string, pools: Config['pools']): boolean =>
  /:\d+$/.test(asked) ||
  parseIp(asked) !== undefined ||
  pools.some(({ backend }) => asked.startsWith(`${backend}/`));

/** Why nobody can tell; undefined: all that could know was asked. */
function unknownBecause(asked: string, look: FleetLook, mayBeSlot: boolean): string | undefined {
  const on = onText(look.loadBalancers);
  const who = `not known whether ${showName(asked)} is in rotation ${on}`;
  const [consul] = consulCauses(look, 'whether');
  const isAllRead = look.loadBalancers.every(({ state }) => state === 'read');
  if (consul) {
    const { text } = reportedCause(consul);
    if (isAllRead && look.loadBalancers.length > 0 && /:\d+$/.test(asked))
      return `${showName(asked)} is out of rotation ${on}: no slot has it; ${text.split(', so ')[0]}, so why is not known`;
    return `${who}: ${text.split(', so ')[0]}, and HAProxy has addresses and slots, no such name`;
  }
  const doubted = [...(look.catalogView?.view.absences.values() ?? [])].find(
    ({ believed }) => believed === 'no',
  );
  if (doubted?.believed === 'no')
    return `${who}: Consul does not list all: ${plainText(textOf(doubted.why), 300)}`;
  const unread = look.loadBalancers.filter(({ state }) => state !== 'read');
  // A name is Consul's; a slot, or an address, may be one of those that could not be looked at.
  if (isAllRead || !mayBeSlot) return undefined;
  const names = unread.map(({ address, state }) => `${address} is ${state}`);
  return `${who}: nobody there is known, but ${names.join(' and ')}`;
}

function onText(loadBalancers: readonly BalancerLook[]): string {
  const addresses = loadBalancers.map(({ address }) => address);
  if (addresses.length === 2) return 'on both';
  if (addresses.length > 2) return `on all ${addresses.length}`;
  const [name = 'any load balancer'] = shortNames(addresses).values();
  return `on ${name}`;
}
