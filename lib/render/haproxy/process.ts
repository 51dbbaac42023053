// The sections that concern the whole process: global, defaults and users. Pure.
import { section } from '../section.js';
import type { FrontendSettings } from '../settings.js';
import type { Layout } from './layout.js';
import { FRONTEND_USERS, STATS_USERS } from './names.js';
import { socketLines } from './sockets.js';

export function globalSection({ settings, api }: Layout): string {
  const { frontend, log, peers, process, stateFile } = settings;
  const format = log.target.startsWith('std') ? ' format raw' : '';
  return section('global', [
    process.user !== null && `user ${process.user}`,
    process.group !== null && `group ${process.group}`,
    `maxconn ${process.maxConnections}`,
    `log ${log.target} len ${Math.min(65_535, 3_072 + 2 * log.bodyBytes)}${format} ${log.facility}`,
    ...socketLines(settings),
    stateFile && `server-state-file ${stateFile}`,
    peers && `localpeer ${peers.local}`,
    api && `tune.bufsize ${api.bufferBytes}`,
    `tune.h2.max-concurrent-streams ${frontend.maxStreams}`,
  ]);
}

/** The releases of each branch from which a kept connection belongs to the address it goes to. */
const KEYS_CONNECTIONS_BY_ADDRESS = [
  'version_atleast(3.2)',
  'version_atleast(3.0.10) && version_before(3.1)',
  'version_atleast(2.8.15) && version_before(2.9)',
  'version_atleast(2.6.22) && version_before(2.7)',
].join(' || ');

export function defaultsSection({ servers, stateFile, timeouts }: FrontendSettings): string {
  return section('defaults', [
    'mode http',
    'log global',
    'option dontlognull',
    'option redispatch',
    // Before these releases a slot that changes its address goes on serving the old one over connections that were
    // in use (upstream 5fda64e87): connections to servers are not kept there.
    `.if ${KEYS_CONNECTIONS_BY_ADDRESS}`,
    '.else',
    'option http-server-close',
    '.endif',
    // At a reload a client's idle connection is closed after one more answer, not under its next request.
    'option idle-close-on-response',
    `retries ${servers.retries}`,
    stateFile && 'load-server-state-from-file global',
    `timeout connect ${timeouts.connectSeconds}s`,
    `timeout client ${timeouts.clientSeconds}s`,
    `timeout server ${timeouts.serverSeconds}s`,
    `timeout queue ${timeouts.queueSeconds}s`,
    `timeout http-request ${timeouts.requestSeconds}s`,
  ]);
}

export function userSections({ frontend, stats }: FrontendSettings): string[] {
  const list = (name: string, users: readonly { name: string; password: string }[]) =>
    section(
      `userlist ${name}`,
      users.map((user) => `user ${user.name} password ${user.password}`),
    );
  const statsAuth = stats ? stats.auth : undefined;
  return [
    ...(frontend.auth ? [list(FRONTEND_USERS, frontend.auth.users)] : []),
    ...(statsAuth ? [list(STATS_USERS, statsAuth.users)] : []),
  ];
}
