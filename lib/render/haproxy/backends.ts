// The backends: a template range of slots per way of connecting, all disabled until a run fills them. Pure.
import type { Pool, Range } from '../../config/pools.js';
import { deny, type Line, section } from '../section.js';
import type { FrontendSettings } from '../settings.js';
import type { Layout } from './layout.js';

export function backendSection(pool: Pool, { settings, api }: Layout): string {
  const { compression, servers } = settings;
  const balance = pool.backend === api?.route?.backend ? api.route.balance : servers.balance;
  const most = servers.maxRequestsPerBackend;
  return section(`backend ${pool.backend}`, [
    `balance ${balance}`,
    // A static hash refuses every weight but 0 % and 100 % at runtime.
    balance === 'source' && 'hash-type consistent',
    most > 0 && deny(503, 'Too many requests are waiting', `if { be_conn gt ${most} }`),
    compression && 'filter compression',
    compression && 'compression algo gzip',
    compression && `compression type ${compression.types.join(' ')}`,
    ...checkLines(settings, api),
    // Only so can addresses be set at runtime and come back from the state file (HAProxy 2.6 to 3.4).
    `default-server init-addr last,0.0.0.0${pool.maxconn > 0 ? ` maxconn ${pool.maxconn}` : ''}${checkOptions(servers)}`,
    ...sniLines(pool, servers),
    ...pool.ranges.map((range) => templateLine(range, servers)),
  ]);
}

function checkLines({ servers: { healthCheck } }: FrontendSettings, api: Layout['api']): Line[] {
  if (!healthCheck) return [];
  const { request, status } = api?.check ?? {
    request: `meth GET uri ${healthCheck.path} ver HTTP/1.1 hdr Host localhost`,
    status: '200-399',
  };
  return [
    'option log-health-checks',
    'option httpchk',
    `http-check send ${request}`,
    `http-check expect status ${status}`,
  ];
}

function checkOptions({ healthCheck }: FrontendSettings['servers']): string {
  if (!healthCheck) return '';
  const { intervalSeconds, fastIntervalSeconds, downIntervalSeconds, rise, fall } = healthCheck;
  return ` check inter ${intervalSeconds}s fastinter ${fastIntervalSeconds}s downinter ${downIntervalSeconds}s rise ${rise} fall ${fall}`;
}

/** From 3.3 on, the name in the client's request is what servers are asked for and verified by, unless told otherwise. */
function sniLines({ ranges }: Pool, { verifyName }: FrontendSettings['servers']): Line[] {
  const isNamed = ({ transport }: Range): boolean => transport === 'verified' && verifyName !== undefined;
  if (ranges.every((range) => range.transport === 'plain' || isNamed(range))) return [];
  return ['.if version_atleast(3.3)', 'default-server no-sni-auto no-check-sni-auto', '.endif'];
}

/**
 * A placeholder's port must not be 0: that makes it an offset to the client's port, and still does so after
 * a reload has restored the real port from the state file. HAProxy then shows that port and connects to
 * another; 2.6 cannot even be told better ("no need to change the port").
 */
function templateLine({ prefix, slots, transport }: Range, servers: FrontendSettings['servers']): string {
  return `server-template ${prefix} 1-${slots} slot.invalid:1${tlsOptions(transport, servers)} disabled`;
}

function tlsOptions(transport: Range['transport'], servers: FrontendSettings['servers']): string {
  if (transport === 'plain') return '';
  if (transport === 'unverified') return ' ssl verify none';
  const { caFile, verifyName, healthCheck } = servers;
  const name = verifyName ? ` sni str(${verifyName}) verifyhost ${verifyName}` : '';
  const checkName = verifyName && healthCheck ? ` check-sni ${verifyName}` : '';
  return ` ssl verify required ca-file ${caFile}${name}${checkName}`;
}
