// Renders the configuration of the mutual-TLS gateway to HAProxy's admin socket. Pure.
import type { GatewaySettings } from '../gateway-settings.js';
import { aclOf, refuseSixToFour, section } from '../section.js';

/** Longest silence on a connection, in seconds: a run may wait for Consul while it holds the lock. */
const IDLE_SECONDS = 30;
/** Longest wait for the client before, in seconds; a function is told sooner, by its own deadline. */
const QUEUE_SECONDS = 60;
/** Longest time for TLS, in seconds; before 3.0 it is that of silence. */
const HANDSHAKE_SECONDS = 5;
/** Connections of one source, those included of which no certificate was seen yet. */
const MAX_PENDING = 200;
/** Of these, whose certificate was taken. */
const MAX_SESSIONS = 20;
/** Who looks at a time: HAProxy's own sockets take ten. */
const MAX_READERS = 8;
/** Of all sources: several that fill theirs keep nobody out. */
const MAX_CONNECTIONS = 2_000;

/**
 * The gateway's own haproxy.cfg. The TCP admin socket has no authentication, and `ssl` on a `stats socket`
 * line is plain text since 2.6, without a word. So a `listen` in mode tcp does the TLS. It is a process of
 * its own: it outlives reloads of the load balancer, its connections do not compete with the traffic for
 * maxconn, the process that faces the internet never sees its key, and it runs with no rights at all.
 *
 * `socket` is what `stats socket` of the load balancer says: a path, or `address:port` on loopback. Like
 * that socket the gateway takes one client at a time, so that a run is a transaction; the others queue.
 * `readSocket` is the one of `level user`, for `readBind`: several at a time, since nobody writes there.
 */
export function renderGateway(
  settings: GatewaySettings,
  socket: string,
  readSocket: string | null = null,
): string {
  const { bind, readBind } = settings;
  return [
    '# Rendered by iri-lb from LB_CONFIG; change the settings, not this file.\n',
    section('global', [
      'log stdout format raw daemon',
      `maxconn ${MAX_CONNECTIONS}`,
      // One client at a time; a thread for each processor would only meet TasksMax.
      'nbthread 1',
      'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    ]),
    section('defaults', [
      'mode tcp',
      'log global',
      'log-format "%ci:%cp client:%[ssl_c_s_dn(cn),json] tls:%sslv wait:%Tw total:%Tt state:%ts"',
      'timeout connect 2s',
      `timeout client ${IDLE_SECONDS}s`,
      `timeout server ${IDLE_SECONDS}s`,
      `timeout queue ${QUEUE_SECONDS}s`,
      'retries 0',
      '.if version_atleast(3.0)',
      `timeout client-hs ${HANDSHAKE_SECONDS}s`,
      '.endif',
    ]),
    section('backend sessions', ['stick-table type ipv6 size 10k expire 2m store conn_cur']),
    listen('admin', bind, settings, `${serverAt(socket)} maxconn 1`),
    ...(!readBind || readSocket === null
      ? []
      : [listen('read', readBind, settings, `${serverAt(readSocket)} maxconn ${MAX_READERS}`)]),
  ].join('\n');
}

const serverAt = (socket: string): string => (socket.startsWith('/') ? `unix@${socket}` : socket);

function listen(
  name: string,
  bind: string,
  { sources, clientNames }: GatewaySettings,
  server: string,
): string {
  // Credentials of the unit: files that only this process can read.
  const credential = (file: string): string => `"\${CREDENTIALS_DIRECTORY}/${file}.pem"`;
  return section(`listen ${name}`, [
    'stick-table type ipv6 size 10k expire 2m store conn_cur',
    `bind ${bind} ssl crt ${credential('server')} ca-file ${credential('ca')} verify required`,
    ...aclOf('function_network', 'src', sources),
    'tcp-request connection reject if !function_network',
    ...refuseSixToFour('function_network', sources, bind),
    // Idle connections of a neighbour without a certificate keep nobody out.
    'tcp-request connection track-sc0 src',
    `tcp-request connection reject if { sc0_conn_cur gt ${MAX_PENDING} }`,
    'tcp-request session track-sc1 src table sessions',
    `tcp-request session reject if { sc1_conn_cur gt ${MAX_SESSIONS} }`,
    ...(clientNames ? aclOf('function_name', 'ssl_c_s_dn(cn) -m str', clientNames) : []),
    clientNames !== null && 'tcp-request content reject if !function_name',
    `server haproxy ${server}`,
  ]);
}
