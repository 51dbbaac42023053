// Parses what people ask of a server, from `show stat`: since when, its checks' last words, its load, its errors. Pure.
import type { CheckDetail, ServerDetail } from '../model/server.js';
import { plainText } from '../model/text.js';
import { readRecord } from './csv.js';

/** Each server's by its name. A column that this version does not have is left out of all. */
export function parseDetails(text: string): Map<string, ServerDetail> {
  const header = readRecord(text, 2);
  const columns = new Map(header.fields.map((name, at) => [name, at]));
  const details = new Map<string, ServerDetail>();
  for (let at = header.next; at < text.length; ) {
    const { fields, next } = readRecord(text, at);
    at = next;
    if (fields.length < 2) continue;
    const field = (name: string): string => fields[columns.get(name) ?? -1] ?? '';
    details.set(field('svname'), detailOf(field));
  }
  return details;
}

function detailOf(field: (name: string) => string): ServerDetail {
  const number = (name: string): number => Number(field(name)) || 0;
  const since = field('lastchg');
  const check = checkOf(field('check_status'), field('last_chk'), field('check_desc'));
  const agent = checkOf(field('agent_status'), field('last_agt'), field('agent_desc'));
  return {
    ...(/^\d+$/.test(since) ? { sinceSeconds: Number(since) } : {}),
    ...(check ? { check } : {}),
    ...(agent ? { agent } : {}),
    running: number('scur'),
    queued: number('qcur'),
    rate: number('rate'),
    total: number('stot'),
    errors: { connect: number('econ'), response: number('eresp'), retries: number('wretr') },
  };
}

/** `last` is what the node answered, which is anybody's text; `description` is HAProxy's own. */
function checkOf(status: string, last: string, description: string): CheckDetail | undefined {
  if (status === '') return undefined;
  return { status: plainText(status), words: plainText(last === '' ? description : last) };
}
