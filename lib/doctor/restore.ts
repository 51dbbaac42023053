// Judges whether addresses and states come back when HAProxy is reloaded. Pure.
import type { Config } from '../config/pools.js';
import { showName } from '../model/text.js';
import { placementOf } from '../plan/placement-of.js';
import type { BackendFacts, LoadBalancerFacts } from './facts.js';
import { error, type Finding, ok, warning } from './finding.js';

/** Reading a long configuration takes a while too; a state that was loaded is usually far older. */
const OLDER_SECONDS = 60;
const DECLARE = 'declare slots as "slot.invalid:1" with "init-addr last,0.0.0.0" (iri-lb render haproxy)';
const UNTOLD =
  'no slot is older than the process, so it was not reloaded yet, or a reload lost the state: that cannot be told apart';

/**
 * HAProxy tells nobody its `server-state-file`. What shows is how slots are declared, and slots whose
 * last change is older than the process: those were loaded. A process that never had a state to load
 * has none; then `haproxy.stateFile` in LB_CONFIG is believed. Nor does a worker of 2.6.12 say whether it
 * was started by a reload (3.0.11 has HAPROXY_LOAD_SUCCESS in its environment then, 3.2.26
 * HAPROXY_MWORKER_REEXEC), and a predecessor that lived for a minute only leaves no older slot.
 */
export function judgeRestore(config: Config, { name, found }: LoadBalancerFacts): Finding[] {
  if ('failure' in found) return [];
  const findings: Finding[] = [];
  let restored = false;
  for (const pool of config.pools) {
    const { backend } = pool;
    const facts = found.backends.get(backend);
    if (!facts || 'failure' in facts) continue;
    const groups = placementOf(pool).groupsOf(pool, facts.servers);
    // Where HAProxy fills slots from an SRV record, that is found already.
    const isFilled = (slot: string): boolean => (facts.declared.get(slot)?.srvRecord ?? null) !== null;
    const slots = groups
      .flatMap(({ places }) => places.map(({ server }) => server))
      .filter(({ slot }) => !isFilled(slot));
    const names = slots.map(({ slot }) => slot);
    findings.push(
      ...judgeUnsettable(`${name} ${backend}`, slots, facts, found.resolvers.ask),
      ...judgeLiteral(`${name} ${backend}`, names, facts),
      ...judgePort(`${name} ${backend}`, slots, found.process.version),
    );
    restored ||= names.some((slot) => isOlder(facts, slot, found.process.uptimeSeconds));
  }
  if (findings.length > 0) return findings;
  if (restored) return [ok('haproxy', name, 'its state was loaded when it started')];
  if (config.haproxy?.stateFile !== undefined)
    return [ok('haproxy', name, `haproxy.stateFile is set; ${UNTOLD}`)];
  return [
    warning(
      'haproxy',
      name,
      'nothing shows that the state outlives a reload: every slot may be empty until the next run',
      'set haproxy.stateFile in LB_CONFIG and install what iri-lb render haproxy and systemd print',
    ),
  ];
}

function judgeUnsettable(
  subject: string,
  slots: BackendFacts['servers'],
  { declared }: BackendFacts,
  isAsked: boolean,
): Finding[] {
  const unset = slots.filter(({ address }) => address === null).map(({ slot }) => slot);
  const [first] = unset;
  if (first === undefined) return [];
  const finding = `${unset.length} slots take no address at runtime`;
  const host = declared.get(first)?.hostName;
  // Without resolvers at work they would be declared with "init-addr none".
  const isLost = isAsked && host !== null && declared.get(first)?.isUnresolved;
  if (!isLost) return [error('haproxy', subject, finding, DECLARE)];
  const why = `${finding}: HAProxy finds none for ${showName(host ?? '')}, and has resolvers that ask`;
  return [error('haproxy', subject, why, `${DECLARE}, without "resolvers"`)];
}

/** haproxy#3265: they come back ready, on the literal. */
function judgeLiteral(subject: string, names: readonly string[], { declared }: BackendFacts): Finding[] {
  const literal = names.filter((slot) => declared.get(slot)?.hostName === null).length;
  if (literal === 0) return [];
  const finding = `${literal} slots are declared with an IP literal, to which a reload sends them back`;
  return [error('haproxy', subject, finding, DECLARE)];
}

/**
 * A declared port of 0 is an offset to the client's port, and still is after a reload has restored the
 * real one: HAProxy then shows that port and connects to another (2.6.12, 3.0.11, 3.2.26).
 * From 3.3 on a slot may list port 0 until a run has set one, however it is declared.
 */
function judgePort(subject: string, slots: BackendFacts['servers'], version: string): Finding[] {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) * 1000 + Number(minor) >= 3003) return [];
  const mapped = slots.filter(({ port }) => port === 0).length;
  if (mapped === 0) return [];
  const finding = `${mapped} slots are declared with port 0, which a reload turns into an offset to the client's port`;
  return [error('haproxy', subject, finding, DECLARE)];
}

function isOlder({ declared }: BackendFacts, slot: string, uptimeSeconds: number): boolean {
  return (declared.get(slot)?.unchangedSeconds ?? 0) > uptimeSeconds + OLDER_SECONDS;
}
