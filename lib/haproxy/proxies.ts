// The proxies of a HAProxy, and its servers with all that `show stat` and `show servers state` say of them. Pure.
import { readRecord } from './csv.js';

/** Frontends and backends without their servers: a row for each. */
export const SHOW_PROXIES = 'show stat -1 3 -1';

/** A frontend, a backend, or the half of a `listen` section that is one. */
export interface ListedProxy {
  readonly name: string;
  readonly kind: 'frontend' | 'backend';
  /** What it can be asked for by, where a name is not enough; both halves of a `listen` section have one. */
  readonly id: string;
  /** `http`, `tcp`, … */
  readonly mode: string;
  readonly algorithm: string;
}

/** How a slot is declared, and what is known of it beyond what runs read. */
export interface Declared {
  /** The host name in the configuration; null for an IP literal. It stays when an address is set. */
  readonly hostName: string | null;
  /** The SRV record that a `resolvers` section fills the slot from; null for none. */
  readonly srvRecord: string | null;
  /**
   * Seconds since the server's last change of state. It comes back with the state file: older than the
   * process means that the state was loaded when it started (2.6.12, 3.0.11, 3.2.26).
   */
  readonly unchangedSeconds: number;
  /** Bit 0x04 of the administrative state remembers `disabled`, and never clears (2.6.12 to 3.4.7). */
  readonly isDisabled: boolean;
  /** In maintenance because a `resolvers` section finds no address for it (bit 0x20). */
  readonly isUnresolved: boolean;
  readonly weight: number;
  readonly configuredWeight: number;
  readonly hasAgentCheck: boolean;
  /** The server whose state it takes over (`track`); '' for none. */
  readonly tracks: string;
  readonly cookie: string;
  /** Requests running on it, without those queued. */
  readonly running: number;
  /** What HAProxy's own check found last: `L4CON Connection refused`; '' for nothing. */
  readonly lastCheck: string;
  /** How often a connection to it was used again since the process started. */
  readonly reused: number;
  /** Connections to it that wait for anybody's next request: there are none with `http-reuse never`. */
  readonly idle: number;
}

/** Parses the answer to SHOW_PROXIES. */
export function parseProxies(text: string): ListedProxy[] {
  return recordsOf(text).flatMap((field): ListedProxy[] => {
    const svname = field('svname');
    if (svname !== 'FRONTEND' && svname !== 'BACKEND') return [];
    const kind = svname === 'FRONTEND' ? 'frontend' : 'backend';
    return [{ name: field('pxname'), kind, id: field('iid'), mode: field('mode'), algorithm: field('algo') }];
  });
}

/** By slot: what `show servers state` and `show stat` of a backend say; where the second is missing, less. */
export function parseDeclared(states: string, stats: string): Map<string, Declared> {
  const bySlot = new Map(recordsOf(stats).map((field) => [field('svname'), field]));
  const [, header = '', ...rows] = states.split('\n');
  const names = header.replace('# ', '').split(' ');
  return new Map(
    rows.filter(Boolean).map((row) => {
      const fields = row.split(' ');
      const state = (name: string): string => fields[names.indexOf(name)] ?? '';
      const stat = bySlot.get(state('srv_name')) ?? (() => '');
      return [state('srv_name'), declaredOf(state, stat)];
    }),
  );
}

/** The value of a column; '' where it is not there. */
type Field = (name: string) => string;

const DISABLED = 0x04;
const UNRESOLVED = 0x20;
/** `srv_agent_state`: the check is configured and enabled. */
const AGENT_ENABLED = 0x04;

function declaredOf(state: Field, stat: Field): Declared {
  const number = (text: string): number => Number(text) || 0;
  const named = (text: string): string | null => (text === '' || text === '-' ? null : text);
  const admin = number(state('srv_admin_state'));
  return {
    hostName: named(state('srv_fqdn')),
    srvRecord: named(state('srvrecord')),
    unchangedSeconds: number(state('srv_time_since_last_change')),
    isDisabled: (admin & DISABLED) !== 0,
    isUnresolved: (admin & UNRESOLVED) !== 0,
    weight: number(state('srv_uweight')),
    configuredWeight: number(state('srv_iweight')),
    hasAgentCheck: (number(state('srv_agent_state')) & AGENT_ENABLED) !== 0,
    tracks: stat('tracked'),
    cookie: stat('cookie'),
    running: number(stat('scur')),
    lastCheck: `${stat('check_status')} ${stat('last_chk')}`.trim(),
    reused: number(stat('reuse')),
    idle: number(stat('idle_conn_cur')) + number(stat('safe_conn_cur')),
  };
}

/** The records of a `show stat`, each asked by column name. Nothing where it is none. */
function recordsOf(text: string): Field[] {
  if (!text.startsWith('# ')) return [];
  const header = readRecord(text, 2);
  const records: Field[] = [];
  for (let at = header.next; at < text.length; ) {
    const { fields, next } = readRecord(text, at);
    at = next;
    if (fields.length > 1) records.push((name) => fields[header.fields.indexOf(name)] ?? '');
  }
  return records;
}
