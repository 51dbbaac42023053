// The table of causes: why an instance is in rotation or out of it, with text and next step. Pure.
import type { Change } from './change.js';
import type { Refusal } from './networks.js';
import { REFUSED_AS } from './problem-table.js';
import { plainText, quote, showName } from './text.js';

interface CauseText<Facts> {
  /** In one clause, which stands behind `is out of rotation on both: `. */
  readonly text: (facts: Facts) => string;
  /** What to do about it, in one clause. */
  readonly next: (facts: Facts) => string;
}

const tell = <Facts>(
  text: (facts: Facts) => string,
  next: string | ((facts: Facts) => string),
): CauseText<Facts> => ({ text, next: typeof next === 'string' ? () => next : next });

/** Of somebody else's words. */
interface Said {
  readonly detail: string;
  /** '' where there is none. */
  readonly nextStep: string;
}

interface OfNode {
  readonly node: string;
}
/** As the operator gave it; null: none was given. */
interface Reason {
  readonly reason: string | null;
}
interface Check {
  /** Its name. */
  readonly check: string;
  /** Further checks in that state. */
  readonly more: number;
}

const REGISTER = 'correct its registration in Consul (iri-lb node add checks what it is given)';
const CONSUL_FIRST = 'bring Consul back: runs change nothing until it answers';
const SEE_PLAN = 'iri-lb plan shows what the next run would do, iri-lb apply does it';
const because = (reason: string | null): string => (reason === null ? '' : ` (${quote(reason, 60)})`);
const checkText = ({ check, more }: Check): string =>
  more === 0 ? `check ${quote(check, 40)}` : `check ${quote(check, 40)} and ${more} more`;
const are = ({ more }: Check): string => (more === 0 ? 'is' : 'are');
const said = ({ nextStep }: Said, otherwise: string): string => (nextStep === '' ? otherwise : nextStep);
const MAX_NAMED = 5;
const listed = (names: readonly string[]): string =>
  names.length > MAX_NAMED
    ? `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`
    : names.join(', ');

const DONE: Readonly<Record<Change['action'], string>> = {
  add: 'brought it in',
  enable: 'brought it in',
  update: 'set that',
  disable: 'taken it out',
  remove: 'taken it out',
};

interface Unknown extends Said {
  /** What cannot be told without Consul. */
  readonly unknown: keyof typeof WHAT;
}
const WHAT = { why: 'why is not known', whether: 'not known whether it should be' } as const;

/** A new cause is a new entry here. */
export const CAUSES = {
  // What cannot be read.
  'load-balancer-down': tell(
    (_: Said) => 'it is down',
    (facts: Said) => said(facts, 'bring HAProxy back'),
  ),
  'load-balancer-busy': tell(
    (_: Said) => 'it is busy: somebody has its admin socket',
    'ask again in a moment, or set HAPROXY_READ_ADDRESSES (iri-lb render haproxy, admin.read)',
  ),
  'backend-unread': tell(
    ({ detail }: Said) => `its backend could not be read: ${detail}`,
    (facts: Said) => said(facts, 'see haproxy.cfg there'),
  ),
  'consul-unreadable': tell(
    ({ unknown }: Unknown) => `Consul cannot be read, so ${WHAT[unknown]}`,
    CONSUL_FIRST,
  ),
  'no-leader': tell(
    ({ unknown }: Unknown) => `Consul has no leader, so ${WHAT[unknown]}`,
    'have Consul elect one: runs change nothing until then',
  ),
  // Who is it?
  'not-registered': tell(
    (_: object) => 'nobody in Consul is there',
    'register it (iri-lb node add); else the slot is free for the next who comes',
  ),
  'absence-doubted': tell(
    ({ detail }: Said) => `Consul does not list it, which may not be believed: ${detail}`,
    (facts: Said) => said(facts, 'see iri-lb doctor'),
  ),
  'address-unusable': tell(
    ({ value }: { readonly value: unknown }) => `its address ${quote(value, 40)} is unusable`,
    REGISTER,
  ),
  'port-unusable': tell(
    ({ value }: { readonly value: unknown }) => `its port ${quote(value, 40)} is not from 1 to 65535`,
    REGISTER,
  ),
  // Is it for us?
  'kind-left-out': tell(
    ({ kind }: { readonly kind: string }) => `it is a ${showName(kind)}, which takes no plain requests`,
    'register it under a name of its own',
  ),
  'tag-bad': tell(
    (facts: { readonly place: 'tag' | 'Meta'; readonly said: string; readonly wrong: string }) =>
      `${facts.place} ${quote(facts.said, 40)} ${facts.wrong}`,
    'correct it in its registration in Consul',
  ),
  'not-selected': tell(
    (facts: {
      readonly why: readonly string[];
      readonly would: readonly string[];
      readonly byAny: boolean;
    }) => `${facts.byAny ? 'not selected' : 'no pool selects it'}: ${facts.why.join('; ')}`,
    ({ would }) => `register it with ${would.join(', or ')}`,
  ),
  'address-refused': tell(
    ({ hostPort, why }: { readonly hostPort: string; readonly why: Refusal }) =>
      `${hostPort} is ${REFUSED_AS[why]}`,
    ({ why }) =>
      why === 'loopback' || why === 'not-listed'
        ? 'list its range in networks of LB_CONFIG, or correct its registration'
        : REGISTER,
  ),
  'name-unresolved': tell(
    ({ hostName, slot }: { readonly hostName: string; readonly slot: string | null }) =>
      `host name ${showName(hostName, 60)} does not resolve${slot === null ? '' : ', so its slot stays as it is'}`,
    'correct the name, or the name server of this host',
  ),
  // Is it held?
  drained: tell(
    (_: object) => 'drained by an operator',
    ({ name }: { readonly name?: string }) =>
      `iri-lb undrain ${name ?? 'X'} ends it; runs leave a drained server alone`,
  ),
  'drained-by-agent': tell(
    (_: object) => 'drained by its agent-check',
    'let the agent of the node say "up ready"',
  ),
  'held-for-nobody': tell(
    ({ slot }: { readonly slot: string }) => `${slot} is held in drain for nobody in Consul`,
    ({ slot }) => `iri-lb undrain ${slot} makes the slot free`,
  ),
  'held-by-agent': tell(
    ({ word }: { readonly word: string }) => `held by its agent-check, which says ${word}`,
    'let the agent of the node say "up ready" when it is to serve as Consul says',
  ),
  'held-by-tracking': tell(
    (_: object) => 'in maintenance with the server that it tracks',
    'take that one out of maintenance, or "track" out of the server-template',
  ),
  // Is it well?
  'node-dead': tell(
    ({ node }: OfNode) => `its node ${showName(node, 40)} is critical (serfHealth)`,
    'see whether the node is up, and its Consul agent',
  ),
  'node-maintenance': tell(
    ({ node, reason }: OfNode & Reason) => `node ${showName(node, 40)} is in maintenance${because(reason)}`,
    'end it at that node: consul maint -disable',
  ),
  maintenance: tell(
    ({ reason }: Reason) => `in maintenance in Consul${because(reason)}`,
    'end it at its agent: consul maint -disable -service=ID',
  ),
  'maintenance-at-address': tell(
    ({ other }: { readonly other: string }) => `${other}, at the same address, is in maintenance`,
    'end that maintenance, or give the two an address each',
  ),
  'node-critical': tell(
    (facts: OfNode & Check) =>
      `${checkText(facts)} of node ${showName(facts.node, 40)} ${are(facts)} critical`,
    'see its output below; a run brings the instance in once it passes',
  ),
  critical: tell(
    (facts: Check) => `${checkText(facts)} ${are(facts)} critical`,
    'see its output below; a run brings the instance in once it passes',
  ),
  // Is there a slot?
  'slots-taken': tell(
    ({ prefix, slots, holders, idle }: { readonly prefix: string; readonly slots: number } & Holders) =>
      `no slot of ${prefix} is free (${
        idle.length > 0
          ? `${listed(idle)} in drain for nobody`
          : `${holders.length} of ${slots} taken, by ${listed(holders)}`
      })`,
    ({ idle }) =>
      idle.length > 0
        ? 'free them (iri-lb undrain --stale), or declare more slots and reload'
        : 'declare more slots (pools.ranges.slots in LB_CONFIG, iri-lb render haproxy) and reload',
  ),
  'no-range': tell(
    ({ detail }: Said) => `no range for it: ${detail}`,
    (facts: Said) => said(facts, 'add one (iri-lb render haproxy shows how)'),
  ),
  unplaced: tell(
    ({ detail }: Said) => `no slot for it: ${detail}`,
    (facts: Said) => said(facts, SEE_PLAN),
  ),
  // Has a run done it?
  'run-failing': tell(
    ({ detail }: Said) => `runs fail there: ${detail}`,
    (facts: Said) => said(facts, 'see iri-lb doctor'),
  ),
  'run-paused': tell(
    ({ detail }: { readonly detail: string }) => `the local run is ${detail}`,
    'remove its pause file, or end --dry, once it may write again',
  ),
  'none-running': tell((_: object) => 'no run is going', 'start one: iri-lb run, or iri-lb apply once'),
  pending: tell(
    ({ action, reason }: { readonly action: Change['action']; readonly reason: string }) =>
      `${reason}, and no run has ${DONE[action]} yet`,
    `see whether runs are going; ${SEE_PLAN}`,
  ),
  // Does HAProxy send requests?
  down: tell(
    ({
      status,
      check,
      words,
    }: {
      readonly status: string;
      readonly check: string;
      readonly words: string;
    }) => {
      const last = [check, ...(words === '' ? [] : [quote(words, 40)])]
        .filter((part) => part !== '')
        .join(' ');
      return `HAProxy's own check has it ${showName(status.split(' ')[0] ?? status)}${last === '' ? '' : ` (${last})`}`;
    },
    'try from the load balancer what HAProxy checks: Consul can reach it, HAProxy cannot',
  ),
  'weight-zero': tell(
    /** Null: not known. */
    ({ wanted }: { readonly wanted: boolean | null }) =>
      wanted === null
        ? 'its weight is 0 in HAProxy'
        : wanted
          ? 'its weight is 0, as its registration says'
          : 'its weight is 0 in HAProxy, and not in Consul',
    ({ wanted }) => (wanted ? 'give it a weight above 0 in Consul' : SEE_PLAN),
  ),
  unexplained: tell((_: object) => 'why is not known', SEE_PLAN),
  // Why is it still in?
  'last-of-service': tell(
    ({ service }: { readonly service: string }) =>
      `the last of service ${showName(service)}, which the guard keeps`,
    'is the name right (pools.service in LB_CONFIG)? iri-lb apply --force empties the pool',
  ),
  'last-of-pool': tell(
    ({ backend }: { readonly backend: string }) => `the last of pool ${backend}, which the guard keeps`,
    'is its rule right (pools.select, networks in LB_CONFIG)? iri-lb apply --force empties the pool',
  ),
  'removal-held': tell(
    ({ detail }: Said) => `the guard holds its removal: ${detail}`,
    (facts: Said) => said(facts, 'see iri-lb plan'),
  ),
  'replacement-not-up': tell(
    ({ backend }: { readonly backend: string }) => `nobody else serves ${backend} yet, so it stays`,
    'see why those who came are not up (iri-lb status)',
  ),
  'kept-by-name': tell(
    ({ instance, hostName }: { readonly instance: string; readonly hostName: string | null }) =>
      hostName === null
        ? `kept for ${instance}, whose host name does not resolve`
        : `its address stays while ${showName(hostName, 60)} has it`,
    ({ hostName }) =>
      hostName === null
        ? 'correct the name, or deregister it'
        : 'nothing, unless the name should not have it',
  ),
  'passes-at-address': tell(
    ({ other }: { readonly other: string }) => `${other}, at the same address, passes`,
    'deregister the one that is not there, or give the two an address each',
  ),
  'requests-in-flight': tell(
    ({ running, queued }: { readonly running: number; readonly queued: number }) =>
      `${running} ${running === 1 ? 'request still runs' : 'requests still run'}${queued === 0 ? '' : `, ${queued} queued`}`,
    'they end by themselves, or with their time-outs',
  ),
} as const;

interface Holders {
  /** `node/id`, or `address:port` where nobody in Consul is. */
  readonly holders: readonly string[];
  /** `backend/slot` in drain at which nobody in Consul is. */
  readonly idle: readonly string[];
}

export type CauseCode = keyof typeof CAUSES;
type FactsOf<C extends CauseCode> = Parameters<(typeof CAUSES)[C]['text']>[0];
export type CauseOf<C extends CauseCode> = C extends CauseCode ? { readonly code: C } & FactsOf<C> : never;
/** A cause as data: no sentence has to be taken apart for it. */
export type Cause = CauseOf<CauseCode>;
/** With its sentence and next step, as it is printed. */
export type ReportedCause = Cause & { readonly text: string; readonly next: string };

const textsOf = (code: CauseCode): CauseText<unknown> => CAUSES[code] as CauseText<unknown>;

/** With its texts, on one line each, and facts that can be shown: what a registration says may be hostile. */
export function reportedCause(cause: Cause): ReportedCause {
  const { text, next } = textsOf(cause.code);
  return {
    ...(JSON.parse(JSON.stringify(cause, shown)) as Cause),
    text: plainText(text(cause), MAX_TEXT),
    next: plainText(next(cause), MAX_TEXT),
  };
}

const MAX_TEXT = 400;
const MAX_ENTRIES = 50;

function shown(_name: string, fact: unknown): unknown {
  if (typeof fact === 'string') return plainText(fact);
  return Array.isArray(fact) ? fact.slice(0, MAX_ENTRIES) : fact;
}
