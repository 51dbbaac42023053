// Abuse limits per source: the stick tables and the rules that count, block and refuse. Pure.
import type { LimitSettings } from '../limit-settings.js';
import { deny, type Line, section } from '../section.js';
import { BLOCKED, PEERS, SOURCES } from './names.js';

/** Two tables: counters per source, and the sources that are blocked. */
export function limitTables(limits: LimitSettings, shared: boolean): string[] {
  const { requestRate, requestCount, connectionRate, tableSize } = limits;
  const windows = [requestRate, requestCount, connectionRate].map(({ windowSeconds }) => windowSeconds);
  const stored = [
    'conn_cur',
    `conn_rate(${connectionRate.windowSeconds}s)`,
    `http_req_rate(${requestRate.windowSeconds}s)`,
    // A table has one http_req_rate; a counter of our own measures the second window.
    `gpc0,gpc0_rate(${requestCount.windowSeconds}s)`,
  ];
  const table = (expireSeconds: number, store: string) =>
    `stick-table type ipv6 size ${tableSize} expire ${expireSeconds}s store ${store}${shared ? ` peers ${PEERS}` : ''}`;
  return [
    section(`backend ${SOURCES}`, [table(Math.max(...windows), stored.join(','))]),
    section(`backend ${BLOCKED}`, [table(limits.blockSeconds, 'gpt0')]),
  ];
}

/** The rules of the frontend. `whitelisted` sources are neither counted nor blocked. */
export function limitRules(limits: LimitSettings): Line[] {
  const key = `src,ipmask(32,${limits.ipv6PrefixBits})`;
  const over = (acl: string, fetch: string, max: number): Line => max > 0 && `acl ${acl} ${fetch} gt ${max}`;
  const block = (ruleset: string, acl: string) => [
    `${ruleset} track-sc1 ${key} table ${BLOCKED} if ${acl}`,
    `${ruleset} sc-set-gpt0(1) 1 if ${acl}`,
  ];
  return [
    `acl blocked ${key},table_gpt0(${BLOCKED}) gt 0`,
    'acl too_many_connections always_false',
    over('too_many_connections', 'sc0_conn_cur', limits.connections),
    over('too_many_connections', 'sc0_conn_rate', limits.connectionRate.max),
    'acl too_many_requests always_false',
    over('too_many_requests', 'sc0_http_req_rate', limits.requestRate.max),
    over('too_many_requests', 'sc0_gpc0_rate', limits.requestCount.max),
    'tcp-request connection reject if blocked !whitelisted',
    `tcp-request connection track-sc0 ${key} table ${SOURCES} if !whitelisted`,
    ...block('tcp-request connection', 'too_many_connections'),
    'tcp-request connection reject if too_many_connections',
    // For connections that were open when their source was blocked, here or by a peer.
    deny(429, 'Too many requests: blocked for now', 'if blocked !whitelisted'),
    'http-request sc-inc-gpc0(0)',
    ...block('http-request', 'too_many_requests'),
    deny(429, 'Too many requests: blocked from now on', 'if too_many_requests'),
  ];
}
