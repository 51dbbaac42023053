// Parses `show info`, `show servers state` and `show stat`, and joins the two of a backend. Columns by header name. Pure.
import { parseIp } from '../model/address.js';
import type { Fixed } from '../model/fixed.js';
import type { ObservedServer, ProcessInfo, SlotState } from '../model/server.js';
import { quote } from '../model/text.js';
import { readRecord } from './csv.js';

/** A row of `show servers state`. */
export interface ServerStateRow {
  readonly slot: string;
  /** Canonical IP, or null where none was ever set. */
  readonly address: string | null;
  readonly port: number;
  readonly weight: number;
  readonly state: SlotState;
  /** Whether connections to it use TLS; undefined where this version does not say. */
  readonly tls: boolean | undefined;
  /** Whether an agent-check is enabled for it; undefined: no. */
  readonly hasAgent: true | undefined;
  /** Why it cannot be given to anybody; undefined: it can. */
  readonly fixed: Fixed | undefined;
}

/** A row of `show stat`. */
export interface ServerStatRow {
  readonly slot: string;
  /** 0 is no limit. */
  readonly maxconn: number;
  /** Requests running on the server or queued for it. */
  readonly sessions: number;
  /** `UP`, `DOWN`, `MAINT`, … as HAProxy's own checks see it. */
  readonly status: string;
  /** What the last agent-check ended with; undefined where no agent says anything that has to be looked at. */
  readonly agentStatus: string | undefined;
}

/** `srv_admin_state` bits: forced, inherited and resolver maintenance (HAProxy management guide, 9.3). */
const MAINTENANCE_BITS = 0x23;
/** Forced and inherited drain. Bit 0x04 only remembers `disabled` in the file and never clears. */
const DRAIN_BITS = 0x18;
/** An operator's own drain; the other bit is inherited of a tracked server. */
const FORCED_DRAIN = 0x08;
const INHERITED_MAINTENANCE = 0x02;
const RESOLVER_MAINTENANCE = 0x20;
/** `srv_agent_state`: the agent-check is enabled (2.6.12 to 3.4.7). */
const AGENT_ENABLED = 0x04;
/** In a `show stat` in which an agent gave a word that has to be looked at: `DOWN (agent)`, `CHECKED`. */
const AGENT_WORDS = ['(agent)', 'CHECKED'];

const COUNTERS = ['CumConns', 'CumReq', 'CumSslConns', 'TotalBytesOut'];

/** Parses `show info`. Throws with what is missing. */
export function parseInfo(text: string): ProcessInfo {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  const pid = Number(values.get('Pid'));
  const version = values.get('Version');
  if (!version || !Number.isInteger(pid)) throw new Error(`show info: no Version and Pid in ${quote(text)}`);
  const startedAt = Number(values.get('Start_time_sec'));
  return {
    version,
    pid,
    uptimeSeconds: Number(values.get('Uptime_sec') ?? 0),
    ...(startedAt > 0 ? { startedAt } : {}),
    counters: COUNTERS.map((name) => Number(values.get(name) ?? 0)),
    node: values.get('node') ?? '',
    stopping: values.get('Stopping') === '1',
  };
}

/** Parses `show servers state <backend>`. Throws on an unknown format, naming what it met. */
export function parseServersState(text: string): ServerStateRow[] {
  const lines = text.split('\n');
  if (lines[0] !== '1') throw new Error(`show servers state: format ${quote(lines[0] ?? '')}, not 1`);
  const header = lines[1] ?? '';
  if (!header.startsWith('# ')) throw new Error(`show servers state: no header but ${quote(header)}`);
  const column = columns(header.slice(2).split(' '), 'show servers state');
  const name = column('srv_name');
  const address = column('srv_addr');
  const port = column('srv_port');
  const weight = column('srv_uweight');
  const admin = column('srv_admin_state');
  const tls = column('srv_use_ssl', true);
  const agent = column('srv_agent_state', true);
  const fqdn = column('srv_fqdn', true);
  const srvRecord = column('srvrecord', true);
  return lines
    .slice(2)
    .filter(Boolean)
    .map((line) => {
      const fields = line.split(' ');
      const bits = count(fields[admin], 'srv_admin_state', line);
      const ip = parseIp(fields[address] ?? '')?.text ?? null;
      return {
        slot: fields[name] ?? '',
        address: ip,
        port: count(fields[port], 'srv_port', line),
        weight: count(fields[weight], 'srv_uweight', line),
        state: stateOf(bits),
        tls: tls === -1 || fields[tls] === '-1' ? undefined : fields[tls] === '1',
        hasAgent: hasAgent(fields[agent]),
        fixed: fixedBy(bits, ip, fields[fqdn], fields[srvRecord]),
      };
    });
}

/** Of its own or inherited: a server that is in maintenance is no less so for draining what it tracks, too. */
function stateOf(bits: number): SlotState {
  if (bits & FORCED_DRAIN) return 'drain';
  if (bits & MAINTENANCE_BITS) return 'maintenance';
  return bits & DRAIN_BITS ? 'drain' : 'ready';
}

/** `slot.invalid` of the templates nobody can resolve (RFC 6761, 6.4); any other name HAProxy's resolvers may. */
function fixedBy(bits: number, address: string | null, fqdn = '-', srvRecord = '-'): Fixed | undefined {
  if (bits & INHERITED_MAINTENANCE) return 'tracking';
  if (srvRecord !== '-') return 'resolvers';
  if (address !== null && !(bits & RESOLVER_MAINTENANCE)) return undefined;
  if (fqdn !== '-' && !fqdn.endsWith('.invalid')) return 'resolvers';
  return address === null ? 'no-address' : undefined;
}

/** Most have none, which costs no parsing. */
function hasAgent(state = '0'): true | undefined {
  return state !== '0' && (Number(state) & AGENT_ENABLED) !== 0 ? true : undefined;
}

/** Parses `show stat <backend> 4 -1`. Throws when its header lacks what we need. */
export function parseStat(text: string): ServerStatRow[] {
  if (!text.startsWith('# ')) throw new Error(`show stat: no header but ${quote(text)}`);
  const header = readRecord(text, 2);
  const column = columns(header.fields, 'show stat');
  const name = column('svname');
  const limit = column('slim');
  const current = column('scur');
  const queued = column('qcur');
  const status = column('status');
  const agent = column('agent_status', true);
  // Two looks at the whole text spare each row forty more fields.
  const hasWords = agent !== -1 && AGENT_WORDS.some((word) => text.includes(word));
  const needed = Math.max(name, limit, current, queued, status, hasWords ? agent : 0) + 1;
  const rows: ServerStatRow[] = [];
  for (let at = header.next; at < text.length; ) {
    const { fields, next } = readRecord(text, at, needed);
    at = next;
    if (fields.length < 2) continue;
    rows.push({
      slot: fields[name] ?? '',
      maxconn: count(fields[limit] || '0', 'slim', fields),
      sessions: count(fields[current] || '0', 'scur', fields) + count(fields[queued] || '0', 'qcur', fields),
      status: fields[status] ?? '',
      // While a check runs, a star stands before the last one's (3.0 and later).
      agentStatus: hasWords ? fields[agent]?.replace(/^\* /, '') : undefined,
    });
  }
  return rows;
}

/** The id of the backend that `show servers state` lists; undefined where it lists no server. */
export function backendIdOf(text: string): string | undefined {
  const [, header = '', row] = text.split('\n', 3);
  return row?.split(' ')[header.slice(2).split(' ').indexOf('be_id')];
}

/**
 * Whether connections to servers are used again, from `show stat`: in mode http, and only there. Some were, or wait
 * for it; or no request was answered yet, so that nothing tells: the connection of the first one may well be.
 */
export function mayReuseConnections(text: string): boolean {
  const header = readRecord(text, 2);
  const at = (name: string): number => header.fields.indexOf(name);
  const [mode, running, taken] = [at('mode'), at('scur'), at('stot')];
  const signs = ['reuse', 'idle_conn_cur', 'safe_conn_cur'].map(at);
  const count = (field = ''): number => Number(field) || 0;
  let isHttp = false;
  let answered = 0;
  for (let next = header.next; next < text.length; ) {
    const record = readRecord(text, next);
    next = record.next;
    const { fields } = record;
    if (fields[mode] !== 'http') continue;
    isHttp = true;
    if (signs.some((sign) => count(fields[sign]) > 0)) return true;
    answered += count(fields[taken]) - count(fields[running]);
  }
  return isHttp && answered <= 0;
}

/**
 * Joins the two listings of a backend by server name. Neither is atomic: when a server shows in one
 * only, something changed in between and undefined asks for another read.
 */
export function joinListings(
  states: readonly ServerStateRow[],
  stats: readonly ServerStatRow[],
): ObservedServer[] | undefined {
  if (states.length !== stats.length) return undefined;
  // HAProxy lists both in one order; only where it does not, are they looked up by name.
  let bySlot: Map<string, ServerStatRow> | undefined;
  const servers: ObservedServer[] = [];
  for (const [index, row] of states.entries()) {
    let stat = stats[index];
    if (stat?.slot !== row.slot) {
      bySlot ??= new Map(stats.map((entry) => [entry.slot, entry]));
      stat = bySlot.get(row.slot);
    }
    if (!stat) return undefined;
    // Field by field: two spreads into one object are a hundred times slower (V8 of Node 20).
    const { slot, address, port, weight, state, tls, hasAgent, fixed } = row;
    const { maxconn, sessions, status, agentStatus } = stat;
    servers.push({
      slot,
      address,
      port,
      weight,
      maxconn,
      state,
      sessions,
      status,
      tls,
      hasAgent,
      agentStatus,
      fixed,
    });
  }
  return servers;
}

function columns(header: readonly string[], listing: string): (name: string, optional?: boolean) => number {
  return (name, optional = false) => {
    const at = header.indexOf(name);
    if (at === -1 && !optional)
      throw new Error(`${listing}: no column ${name}; is this HAProxy 2.2 or later?`);
    return at;
  };
}

function count(field: string | undefined, name: string, row: string | readonly string[]): number {
  const value = field === undefined || field === '' ? Number.NaN : Number(field);
  if (!Number.isInteger(value)) throw new Error(`${name} is ${quote(field ?? '')} in ${quote(row)}`);
  return value;
}
