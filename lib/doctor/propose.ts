// Proposes an LB_CONFIG for a HAProxy that this project did not set up, and the lines that it lacks. Pure.
import { iriLayout } from '../iri/layout.js';
import { printHostPort } from '../model/address.js';
import { printAdminAddress } from '../model/admin-address.js';
import { isLoopback } from '../model/loopback.js';
import { isServing } from '../model/server.js';
import { EXCLUSIVE } from '../render/haproxy/sockets.js';
import type { NoCatalog, OwnBackend, OwnCatalog, OwnHAProxy, OwnServer } from './own.js';
import { type ProposedRange, placeOf, proposeRanges } from './propose-ranges.js';
import { type Instance, instanceAt, type ProposedService, proposeService } from './propose-service.js';

export interface ProposedPool extends ProposedService {
  readonly backend: string;
  readonly ranges: readonly ProposedRange[];
  /** Requests at a time, where all servers have one limit; 0 is none. */
  readonly maxconn: number;
  /** Servers that serve, outside every range, with who in Consul is there. */
  readonly outside: readonly Serving[];
  /** Servers of the ranges that serve. */
  readonly inside: readonly Serving[];
}

/** A server that serves now. */
export interface Serving {
  readonly server: OwnServer;
  /** `address:port`. */
  readonly place: string;
  /** Who is there; undefined: nobody in Consul. */
  readonly instance: Instance | undefined;
}

/** Lines to put into a section of haproxy.cfg. */
export interface Lines {
  readonly section: string;
  readonly lines: readonly string[];
}

export interface Proposal {
  /** LB_CONFIG, as JSON. */
  readonly config: object;
  readonly pools: readonly ProposedPool[];
  readonly lacks: readonly Lines[];
  /** For runs, once the lines are there. */
  readonly environment: { readonly HAPROXY_ADDRESSES: string; readonly HAPROXY_READ_ADDRESSES?: string };
}

export function propose(own: OwnHAProxy, catalog: OwnCatalog | NoCatalog): Proposal {
  const pools = own.backends.map((backend) => poolOf(backend, catalog));
  const sockets = socketsOf(own);
  const listeners = listenersOf(own);
  const isIri = pools.some(({ service }) => service === 'iri');
  return {
    config: {
      ...networksOf(pools),
      ...(listeners.length > 0 ? { listeners } : {}),
      pools: pools.map(printPool),
      ...(isIri ? {} : { haproxy: { iri: false } }),
    },
    pools,
    lacks: [
      ...(sockets.lines.length > 0 ? [{ section: 'global', lines: sockets.lines }] : []),
      ...pools.flatMap((pool) => templatesOf(pool, own)),
    ],
    environment: sockets.environment,
  };
}

function poolOf(backend: OwnBackend, catalog: OwnCatalog | NoCatalog): ProposedPool {
  const { name, servers } = backend;
  const service = proposeService(backend, catalog);
  const { ranges, outside } = proposeRanges(name, servers);
  const limits = new Set(servers.map(({ maxconn }) => maxconn));
  const [only = 0] = limits;
  const servingOf = (list: readonly OwnServer[]): Serving[] =>
    list.filter(isServing).flatMap((server) => {
      const place = placeOf(server);
      return place === undefined ? [] : [{ server, place, instance: instanceAt(server, service.there) }];
    });
  return {
    ...service,
    backend: name,
    ranges,
    maxconn: limits.size === 1 ? only : 0,
    outside: servingOf(outside),
    inside: servingOf(ranges.flatMap((range) => range.servers)),
  };
}

/** With the rule of the IRI layout, where it is its pool. */
function printPool({ backend, service, ranges, maxconn }: ProposedPool): object {
  const known = iriLayout.pools.find((pool) => pool.backend === backend && pool.service === service);
  const { select, maxconnKeys } = known ?? {};
  return {
    backend,
    service,
    ...(select ? { select } : {}),
    ...(maxconn > 0 ? { maxconn } : {}),
    ...(maxconnKeys ? { maxconnKeys } : {}),
    ranges: ranges.map(({ prefix, transport, slots }) => ({
      prefix,
      ...(transport === 'plain' ? {} : { transport }),
      slots,
    })),
  };
}

/** The `server-template` lines of ranges that HAProxy does not have yet. */
function templatesOf({ backend, ranges, maxconn }: ProposedPool, { backends }: OwnHAProxy): Lines[] {
  const servers = backends.find(({ name }) => name === backend)?.servers ?? [];
  const isChecked = servers.some(({ status }) => status !== 'no check' && !status.startsWith('MAINT'));
  const lines = ranges
    .filter((range) => range.servers.length === 0)
    .map(({ prefix, slots, transport }) =>
      [
        `server-template ${prefix} 1-${slots} slot.invalid:1`,
        ...(transport === 'plain' ? [] : ['ssl verify required ca-file @system-ca']),
        ...(isChecked ? ['check'] : []),
        ...(maxconn > 0 ? [`maxconn ${maxconn}`] : []),
        'init-addr last,0.0.0.0 disabled',
      ].join(' '),
    );
  return lines.length === 0 ? [] : [{ section: `backend ${backend}`, lines }];
}

/** Loopback has to be named, where somebody serves there. */
function networksOf(pools: readonly ProposedPool[]): { readonly networks?: readonly string[] } {
  const serving = pools.flatMap(({ outside, inside }) => [...outside, ...inside]);
  const local = serving.flatMap(({ server: { address } }) =>
    address !== null && isLoopback(address) ? [address.includes(':') ? '::1' : '127.0.0.0/8'] : [],
  );
  return local.length === 0 ? {} : { networks: ['0.0.0.0/0', '::/0', ...new Set(local)] };
}

/** Where the distributions' packages have their sockets. */
const FOLDER = '/run/haproxy';
/** How long an idle client may hold the runs' socket, in seconds: a run may wait for Consul meanwhile. */
const IDLE_SECONDS = 35;

interface Sockets extends Pick<Proposal, 'environment'> {
  readonly lines: readonly string[];
}

/** What is there is used: a socket for runs takes one client at a time, one for who looks has `level user`. */
function socketsOf({ address, level, exclusive, sockets }: OwnHAProxy): Sockets {
  const folder = address.kind === 'unix' ? address.path.replace(/\/[^/]*$/, '') : FOLDER;
  // Paths are of its own host.
  const isElsewhere = address.kind !== 'unix' && !isLoopback(address.host);
  const isForRuns = level === 'admin' && exclusive === true;
  const runs = `${folder}/iri-lb.sock`;
  const read = `${folder}/iri-lb-read.sock`;
  const hasRuns = sockets.some((socket) => socket.address === `unix@${runs}` && socket.level === 'admin');
  const reader = sockets.find((socket) => socket.level === 'user' && socket.address.startsWith('unix@/'));
  const isThere = isForRuns || hasRuns;
  return {
    lines: [
      ...(isThere ? [] : [`stats socket ${runs} mode 660 ${EXCLUSIVE}`]),
      ...(reader ? [] : [`stats socket ${read} mode 660 level user`]),
      ...(isThere ? [] : [`stats timeout ${IDLE_SECONDS}s`]),
    ],
    environment: {
      HAPROXY_ADDRESSES: isForRuns || isElsewhere ? printAdminAddress(address) : `unix:${runs}`,
      ...(isElsewhere
        ? {}
        : { HAPROXY_READ_ADDRESSES: `unix:${reader ? reader.address.slice('unix@'.length) : read}` }),
    },
  };
}

/** Of its sockets: nobody may be registered at one. Where its frontends listen it does not tell. */
function listenersOf({ sockets }: OwnHAProxy): string[] {
  return sockets.flatMap(({ address }) => {
    const [, host = '', port = ''] = /^ipv[46]@(.*):(\d+)$/.exec(address) ?? [];
    if (port === '') return [];
    const ip = host.replace(/^\[|\]$/g, '');
    return [ip === '0.0.0.0' || ip === '::' || ip === '' ? `*:${port}` : printHostPort(ip, Number(port))];
  });
}
