// Parses what people ask of a server, from `show stat`: since when, its checks' last words, its load, its errors. Pure.
import type { CheckDetail, DetailsOfBackend, ServerDetail } from '../model/server.js';
import { plainText } from '../model/text.js';
import { readRecord } from './csv.js';

const NAMES = [
  ...['svname', 'lastchg', 'scur', 'qcur', 'rate', 'stot', 'econ', 'eresp', 'wretr'],
  ...['check_status', 'last_chk', 'check_desc', 'agent_status', 'last_agt', 'agent_desc'],
] as const;
type Columns = Readonly<Record<(typeof NAMES)[number], number>>;

/** Each server's by its name. A column that this version does not have is left out of all. */
export function parseDetails(text: string): ReadonlyMap<string, ServerDetail> {
  const { columns, needed, first } = headerOf(text);
  const details = new Map<string, ServerDetail>();
  for (let at = first; at < text.length; ) {
    const { fields, next } = readRecord(text, at, needed);
    const slot = fields[columns.svname];
    if (slot !== undefined) details.set(slot, detailOf(fields, columns));
    at = next;
  }
  return details;
}

/** The same, each parsed when it is asked for: for who wants few of many. */
export function detailsOnDemand(text: string): DetailsOfBackend {
  const { columns, needed, first } = headerOf(text);
  let starts: ReadonlyMap<string, number> | undefined;
  return {
    get(slot) {
      starts ??= startsIn(text, first, columns.svname);
      const at = starts.get(slot);
      return at === undefined ? undefined : detailOf(readRecord(text, at, needed).fields, columns);
    },
  };
}

/** Where which column is, how many of them are needed, and where the first server's record starts. */
function headerOf(text: string) {
  const header = readRecord(text, 2);
  const columns = Object.fromEntries(NAMES.map((name) => [name, header.fields.indexOf(name)])) as Columns;
  return { columns, needed: Math.max(...Object.values(columns)) + 1, first: header.next };
}

/** Where the record of each server starts. */
function startsIn(text: string, from: number, name: number): Map<string, number> {
  const starts = new Map<string, number>();
  for (let at = from; at < text.length; ) {
    const { fields, next } = readRecord(text, at, name + 1);
    const slot = fields[name];
    if (slot !== undefined) starts.set(slot, at);
    at = next;
  }
  return starts;
}

function detailOf(fields: readonly string[], columns: Columns): ServerDetail {
  const number = (at: number): number => Number(fields[at]) || 0;
  const since = fields[columns.lastchg] ?? '';
  const check = checkOf(fields[columns.check_status], fields[columns.last_chk], fields[columns.check_desc]);
  const agent = checkOf(fields[columns.agent_status], fields[columns.last_agt], fields[columns.agent_desc]);
  // Member by member: several spreads into one object are a hundred times slower (V8 of Node 20).
  const detail: { -readonly [K in keyof ServerDetail]: ServerDetail[K] } = {
    running: number(columns.scur),
    queued: number(columns.qcur),
    rate: number(columns.rate),
    total: number(columns.stot),
    errors: {
      connect: number(columns.econ),
      response: number(columns.eresp),
      retries: number(columns.wretr),
    },
  };
  if (/^\d+$/.test(since)) detail.sinceSeconds = Number(since);
  if (check) detail.check = check;
  if (agent) detail.agent = agent;
  return detail;
}

/** `last` is what the node answered, which is anybody's text; `description` is HAProxy's own. */
function checkOf(status = '', last = '', description = ''): CheckDetail | undefined {
  if (status === '') return undefined;
  return { status: plainText(status), words: plainText(last === '' ? description : last) };
}
