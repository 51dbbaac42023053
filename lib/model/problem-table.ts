// The table of everything that a run may find wrong: code, facts, level, text and next step. Pure.
import type { Failure } from './errors.js';
import type { Fixed } from './fixed.js';
import type { Refusal } from './networks.js';
import type {
  LeftOut,
  LeftOutWarnings,
  OfRange,
  OfService,
  OfSlots,
  OfToken,
  Refused,
  Slot,
  Tag,
  Unselected,
  Unserved,
} from './problem-facts.js';
import { quote, showName } from './text.js';

/** `error` fails the run; `warning` does not. */
export type Level = 'warning' | 'error';

/** The texts of one code. `next` is what to do about it, in one clause. */
export interface ProblemText<Facts> {
  readonly level: Level;
  readonly text: (facts: Facts) => string;
  readonly next: (facts: Facts) => string;
}

const tell =
  (level: Level) =>
  <Facts>(text: (facts: Facts) => string, next: string | ((facts: Facts) => string)): ProblemText<Facts> => ({
    level,
    text,
    next: typeof next === 'string' ? () => next : next,
  });
const warning = tell('warning');
const error = tell('error');

const stepOf = ({ nextStep }: Failure): string => nextStep;
const REGISTRATION = 'correct its registration in Consul (iri-lb node add checks what it is given)';
const NAME_SERVER = 'correct the address it is registered with, or the name server of this host';
const NEXT_RUN = 'the next run looks again';
const MORE_SLOTS = 'declare more slots (pools.ranges.slots in LB_CONFIG, iri-lb render haproxy) and reload';
const grant = ({ tokenName, service }: OfToken): string =>
  `give the one in ${tokenName} service:read on ${service} and node:read on every node (iri-lb render policy)`;
const tagText = ({ instance, place, said }: Tag): string => `${instance}: ${place} ${quote(said)}`;
const slotText = ({ backend, slot, hostPort }: Slot): string => `${backend}/${slot} at ${hostPort}`;
const EMPTY_IT = 'iri-lb apply --force empties the pool, and so does "whenGone": "empty" in it from now on';
const leftOut = <Facts extends LeftOut>(
  reason: (facts: Facts) => string,
  next: string | ((facts: Facts) => string),
) => ({
  ...error((facts: Facts) => `${facts.instance} is left out of ${facts.backend}: ${reason(facts)}`, next),
  reason,
});

/** What an address is that no server may have. */
export const REFUSED_AS: Readonly<Record<Refusal, string>> = {
  'this-network': 'in 0.0.0.0/8, which no server can be at',
  'link-local': 'link-local',
  metadata: "a cloud's metadata service",
  multicast: 'multicast',
  reserved: 'reserved (240.0.0.0/4)',
  loopback: 'loopback, of which networks in LB_CONFIG lists nothing',
  listener: 'where a load balancer itself listens',
  'not-listed': 'in none of the networks in LB_CONFIG',
};

const FIXED_AS: Readonly<Record<Fixed, string>> = {
  'no-address': 'they take no address at runtime',
  resolvers: "HAProxy's own resolvers give them their addresses, and gave them none",
  tracking: 'they are in maintenance with the server that they track',
};
const FREE_FIXED: Readonly<Record<Fixed, string>> = {
  'no-address': 'declare them as "slot.invalid:1" with "init-addr last,0.0.0.0" (iri-lb render haproxy)',
  resolvers:
    'take "resolvers" out of the server-template (iri-lb render haproxy shows one), or the pool out of LB_CONFIG',
  tracking: 'take that server out of maintenance, or "track" out of the server-template',
};

function whyUnserved({ ready, down, weightless, held, unwell }: Unserved): string {
  const reasons = [
    [down, "DOWN or NOLB by HAProxy's own checks"],
    [weightless, 'of weight 0'],
  ] as const;
  const why = reasons.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [
    ready === 0 ? 'none is ready' : `${ready} ready, of these ${why.join(', ')}`,
    ...(held > 0 ? [`${held} held in DRAIN`] : []),
    ...(unwell > 0 ? [`${unwell} critical or in maintenance in Consul`] : []),
  ].join('; ');
}

/** A new code is a new entry here. */
export const PROBLEMS = {
  'address-unusable': warning(
    ({ instance, value }: { readonly instance: string; readonly value: unknown }) =>
      `${instance}: address ${quote(value)} is unusable; the instance is left out`,
    REGISTRATION,
  ),
  'port-unusable': warning(
    ({ instance, value }: { readonly instance: string; readonly value: unknown }) =>
      `${instance}: port ${quote(value)} is not from 1 to 65535; the instance is left out`,
    REGISTRATION,
  ),
  'address-refused': warning(
    ({ instance, hostPort, hostName, why, leftOut }: Refused) => {
      const of = hostName === null ? '' : ` of host name ${hostName}`;
      const then = leftOut ? 'the instance is left out' : 'its other addresses are used';
      return `${instance}: ${hostPort}${of} is ${REFUSED_AS[why]}; ${then}`;
    },
    ({ why }) =>
      why === 'loopback' || why === 'not-listed'
        ? `correct its registration in Consul, or list its range in networks of LB_CONFIG`
        : REGISTRATION,
  ),
  'kind-left-out': warning(
    ({ instance, kind }: { readonly instance: string; readonly kind: string }) =>
      `${instance} is a ${kind}, which takes no plain requests; the instance is left out`,
    'register it under a name of its own',
  ),
  'warnings-left-out': warning(
    ({ count, instance, ofInstance }: LeftOutWarnings) =>
      `${count} more warnings are not listed${instance === null ? '' : `, ${ofInstance} of them of ${instance}`}`,
    REGISTRATION,
  ),
  'weight-unusable': warning(
    (facts: {
      readonly instance: string;
      readonly status: string;
      readonly value: unknown;
      readonly max: number;
    }) =>
      `${facts.instance}: Consul's ${facts.status} weight ${quote(facts.value)} is not from 0 to ${facts.max}; 1 is used`,
    REGISTRATION,
  ),
  'tag-unknown': warning(
    (facts: Tag & { readonly known: readonly string[] }) =>
      `${tagText(facts)} is ignored: unknown key, known are ${facts.known.join(', ')}`,
    REGISTRATION,
  ),
  'tag-misspelt': warning(
    (facts: Tag & { readonly meant: string }) => `${tagText(facts)} is ignored: did you mean ${facts.meant}?`,
    REGISTRATION,
  ),
  'tag-invalid': warning(
    (facts: Tag & { readonly expects: string }) =>
      `${tagText(facts)} is not ${facts.expects}; the default is used`,
    REGISTRATION,
  ),
  'tag-repeated': warning(
    (facts: Tag & { readonly key: string }) => `${tagText(facts)} is ignored: ${facts.key} was set before`,
    REGISTRATION,
  ),
  'settings-conflict': warning(
    (facts: { readonly instance: string; readonly other: string; readonly hostPort: string }) =>
      `${facts.instance} and ${facts.other} share ${facts.hostPort} but not their settings; those of ${facts.instance} are used`,
    REGISTRATION,
  ),
  'row-unreadable': warning(
    ({ row, detail }: OfService & { readonly row: number; readonly detail: string }) =>
      `row ${row} of Consul's answer: ${detail}; not understood`,
    REGISTRATION,
  ),
  'name-unresolved': warning(
    ({ hostName, detail }: { readonly hostName: string; readonly detail: string }) =>
      `host name ${hostName} does not resolve (${detail})`,
    NAME_SERVER,
  ),
  'server-unchanged': warning(
    ({ instance, slot }: LeftOut & { readonly slot: string | null }) =>
      `${instance}: host name does not resolve; ${
        slot === null ? 'it has no slot yet' : `its slot ${slot} stays as it is`
      }`,
    NAME_SERVER,
  ),
  'server-kept': warning((facts: Slot) => `${slotText(facts)} is kept for ${facts.instance}`, NAME_SERVER),
  'server-kept-on-guess': error(
    (facts: Slot & { readonly hostName: string }) =>
      `${slotText(facts)} stays ready: nobody in Consul is there, but it may be ${facts.instance}, whose host name ${facts.hostName} does not resolve`,
    'correct the name, or deregister it',
  ),
  'answer-stale': warning(
    ({ service, version, wanted }: OfService & { readonly version: string; readonly wanted: string }) =>
      `Consul's answer on service ${service} (index ${version}) is older than the event (index ${wanted})`,
    NEXT_RUN,
  ),
  'answer-incomplete': warning(
    ({ service, count }: OfService & { readonly count: number }) =>
      `Consul's first answer on service ${service} lacked ${count} instances`,
    NEXT_RUN,
  ),
  'answer-filtered': error(
    (_facts: OfToken) => 'Consul left out what the token may not read (X-Consul-Results-Filtered-By-ACLs)',
    grant,
  ),
  'answer-old': warning(
    ({ service, seconds }: OfService & { readonly seconds: number }) =>
      `Consul's answer on service ${showName(service)} is ${seconds} s old (X-Consul-LastContact)`,
    'bring the agent that answers back to the Consul servers',
  ),
  'service-named-otherwise': warning(
    ({ instance, service, name }: OfService & { readonly instance: string; readonly name: string }) =>
      `${instance} is left out: its service is ${quote(name)}, not ${quote(service)}`,
    REGISTRATION,
  ),
  'service-denied': error(
    ({ service }: OfToken) =>
      `Consul's acl/authorize says that the token may not read service ${service}, so an empty answer means nothing`,
    grant,
  ),
  'nodes-denied': error(
    (_facts: OfToken) =>
      "Consul's acl/authorize says that the token may not read every node, so a missing instance means nothing",
    grant,
  ),
  'rights-unknown': warning(
    ({ service }: OfService) =>
      `nobody says whether Consul lists all of service ${service}, so it was read twice before anybody was removed`,
    'let POST /v1/internal/acl/authorize through to Consul',
  ),
  'rights-unread': error(({ detail }: OfService & Failure) => detail, stepOf),
  'second-look-failed': error(
    ({ detail }: OfService & Failure) => `the second read failed: ${detail}`,
    stepOf,
  ),
  'removal-limit': error(
    ({ percent, ready }: { readonly percent: number | undefined; readonly ready: number }) =>
      `more than maxRemovalPercent (${percent}) of ${ready} ready`,
    '--force removes them',
  ),
  'takes-unshown': error(
    ({ count, servers }: { readonly count: number; readonly servers: readonly string[] }) =>
      `stopped before it took ${count} servers away that nobody agreed to: ${servers.slice(0, 5).join(', ')}`,
    'see iri-lb plan, and apply again',
  ),
  'source-unasked': warning(
    ({ detail }: { readonly detail: string }) => `Consul could not be asked again after writing: ${detail}`,
    NEXT_RUN,
  ),
  'setting-refused': warning(
    ({ backend, slot, instance, detail }: LeftOut & { readonly slot: string; readonly detail: string }) =>
      `${backend}/${slot}: ${instance} serves without a setting of its own: ${detail}`,
    'correct the setting, or what HAProxy says of this backend',
  ),
  'balance-static': warning(
    ({ backend }: { readonly backend: string }) =>
      `${backend}: its balance is static and takes no weights at runtime; servers keep the weight that they have`,
    'use "hash-type consistent", or a balance that takes weights',
  ),
  'leaving-kept': error(
    ({ backend, slots }: { readonly backend: string; readonly slots: readonly string[] }) =>
      `nobody who is to serve ${backend} serves it, so ${slots.length} who left stay: ${slots.slice(0, 5).join(', ')}`,
    'see why HAProxy has those who came not up (iri-lb status)',
  ),
  'takeover-unfinished': error(
    (facts: LeftOut & { readonly slot: string; readonly detail: string }) =>
      `${facts.backend}/${facts.slot} stays ready as it is, since nobody else serves: ${facts.instance} could not take it over, ${facts.detail}`,
    NEXT_RUN,
  ),
  'two-processes': error(
    (facts: { readonly pid: number; readonly otherPid: number }) =>
      `two HAProxy processes answer at this admin address (pid ${facts.pid} and pid ${facts.otherPid}): a run reaches one of the two by chance`,
    'stop one of them, or give each an address of its own',
  ),
  contested: warning(
    (facts: {
      readonly backend: string;
      readonly slot: string;
      readonly field: string;
      readonly ours: string;
      readonly theirs: string;
    }) =>
      `${facts.backend}/${facts.slot}: somebody else sets its ${facts.field} to ${facts.theirs} whenever it is set to ${facts.ours} here`,
    'see which other run or script writes there, and give all of them one version and configuration',
  ),
  'slots-low': warning(
    (facts: {
      readonly backend: string;
      readonly prefix: string;
      readonly left: number;
      readonly slots: number;
    }) => `${facts.backend}: ${facts.left} of ${facts.slots} slots of ${facts.prefix} left`,
    MORE_SLOTS,
  ),
  'slots-taken': leftOut(
    ({ prefix, slots, idle = [] }: OfSlots & { readonly idle?: readonly string[] }) =>
      `all ${slots} slots of ${prefix} are taken${
        idle.length === 0 ? '' : `, of which ${idle.join(', ')} in DRAIN for nobody in Consul`
      }`,
    ({ idle = [] }) =>
      idle.length === 0 ? MORE_SLOTS : `free them (iri-lb undrain --stale), or ${MORE_SLOTS}`,
  ),
  'slots-fixed': leftOut(
    ({ prefix, slots, fixed, why }: OfSlots & { readonly fixed: number; readonly why: Fixed }) =>
      `${fixed === slots ? `all ${slots}` : `${fixed} of ${slots}`} slots of ${prefix} cannot be given to anybody (${FIXED_AS[why]})${
        fixed === slots ? '' : ', the others are taken'
      }`,
    ({ why }) => FREE_FIXED[why],
  ),
  'held-by-agent': warning(
    ({ word, ...slot }: Slot & { readonly word: string }) =>
      `${slotText(slot)} is left to its agent-check, which says ${word}, for ${slot.instance}`,
    'let the agent of the node say "up ready" when it is to serve as Consul says',
  ),
  'held-by-tracking': warning(
    (slot: Slot) =>
      `${slotText(slot)} stays in maintenance, which it has of the server that it tracks, for ${slot.instance}`,
    'take that one out of maintenance, or "track" out of the server-template',
  ),
  'nobody-serves': warning(
    (facts: Unserved) => `${facts.backend} serves nobody: ${whyUnserved(facts)}`,
    'requests to it are answered 503; see "show stat" of HAProxy, and health and weights in Consul',
  ),
  'service-unlisted': warning(
    ({ service }: OfService) => `Consul lists no instance of service ${service}`,
    'is the name right (pools.service in LB_CONFIG)?',
  ),
  'service-gone': error(
    ({ service }: OfService) => `Consul lists no instance of service ${service} any more`,
    `is the name right (pools.service in LB_CONFIG)? ${EMPTY_IT}`,
  ),
  'selection-empty': error(
    ({ backend, service, listed, refused }: Unselected) =>
      `pool ${backend} selects none of the ${listed} instances that Consul lists of service ${service} any more${
        refused === 0 ? '' : ` at an address that networks allows (${refused} are at another)`
      }`,
    `is its rule right (pools.select, networks in LB_CONFIG)? ${EMPTY_IT}`,
  ),
  'slot-busy': leftOut(
    ({ slot, detail }: LeftOut & { readonly slot: string; readonly detail: string }) =>
      `${slot} is not free yet: ${detail}`,
    NEXT_RUN,
  ),
  'range-undeclared': leftOut(
    ({ prefix, transport }: OfRange) =>
      `HAProxy has no server-template ${prefix} (${transport}) in this backend`,
    'declare it (iri-lb render haproxy shows how)',
  ),
  'range-transport': leftOut(
    ({ prefix, transport, tls, ready }: OfRange & { readonly tls: boolean; readonly ready: string | null }) =>
      `server-template ${prefix} should be ${transport}, but HAProxy connects ${tls ? 'with' : 'without'} TLS${
        ready === null ? '' : `; ${ready} is ready all the same`
      }`,
    'correct its server-template (iri-lb render haproxy shows how), or LB_CONFIG',
  ),
  'range-unconfigured': leftOut(
    ({ backend, transport }: LeftOut & { readonly transport: string }) =>
      `pool ${backend} has no ${transport} range; add one to LB_CONFIG, or correct its tags`,
    '',
  ),
  'load-balancer-unusable': warning(
    ({ instance, detail }: OfService & { readonly instance: string; readonly detail: string }) =>
      `load balancer ${instance}: ${detail}; left out`,
    'correct its registration in Consul (infra/consul/examples/load-balancer.json)',
  ),
  'load-balancers-many': warning(
    ({ service, most, leftOut }: OfService & { readonly most: number; readonly leftOut: number }) =>
      `service ${service} lists more than ${most} load balancers; ${leftOut} are left out`,
    'deregister those that are none',
  ),
  'load-balancers-unknown': error(
    ({ service, reasons }: OfService & { readonly reasons: readonly string[]; readonly nextStep: string }) =>
      `consul: service ${service}: not every load balancer is known: ${reasons.join('; ')}`,
    ({ nextStep }) => nextStep,
  ),
  'haproxy-failed': error(
    (facts: Failure & { readonly address: string; readonly kind: string }) => facts.detail,
    stepOf,
  ),
  'consul-failed': error((facts: Failure & OfService) => facts.detail, stepOf),
  failed: error(({ detail }: Failure) => detail, stepOf),
};
