// What `iri-lb render haproxy` can be told beyond the pools: HAProxy's side of the configuration. Pure.
import * as v from 'valibot';
import { iriSettingsOrOff } from '../iri/settings.js';
import { filePath, orOff, strict, whole } from '../model/fields.js';
import * as field from './fields.js';
import { gatewaySettings } from './gateway-settings.js';
import { limitSettings } from './limit-settings.js';

const { seconds } = field;

const users = v.pipe(
  v.array(strict({ name: field.userName, password: field.passwordHash })),
  v.minLength(1, 'name at least one user'),
  v.maxLength(200),
  v.check((items) => namedOnce(items), 'a user is named twice'),
);
/** Basic authentication. Passwords are crypt hashes; use it with TLS only. */
const auth = strict({ realm: v.optional(field.realm, 'iri-lb'), users });

const tls = strict({
  /** PEM file with certificate, chain and key, or a folder of such files. */
  certificate: filePath,
  minVersion: v.optional(v.picklist(['TLSv1.2', 'TLSv1.3']), 'TLSv1.2'),
  /** max-age of Strict-Transport-Security; 0 leaves the header out. */
  hstsSeconds: v.optional(whole(0, 100_000_000), 31_536_000),
  /** Whether it is for all names below this one, too. */
  hstsSubDomains: v.optional(v.boolean(), true),
});

const frontend = strict({
  /** `[::]:port` takes IPv4 too. */
  bind: v.optional(field.bindAddress, '0.0.0.0:14267'),
  maxConnections: v.optional(whole(1, 1_000_000), 360),
  /** Streams that an HTTP/2 client may have open in one connection. */
  maxStreams: v.optional(whole(1, 1_000), 20),
  tls: v.optional(tls),
  auth: v.optional(auth),
  /** Sources that denied commands and abuse limits do not concern. */
  whitelist: v.optional(v.pipe(v.array(field.source), v.maxLength(10_000)), ['127.0.0.1']),
  /** The backend of everything that no rule sends elsewhere; the first pool's by default. */
  defaultBackend: v.optional(v.string()),
});

const healthCheck = strict({
  intervalSeconds: seconds(10),
  /** While a server is between up and down. */
  fastIntervalSeconds: seconds(2),
  /** While a server is down. */
  downIntervalSeconds: seconds(30),
  rise: v.optional(whole(1, 100), 2),
  fall: v.optional(whole(1, 100), 4),
  /** Where pools are no IRI nodes; IRI nodes are asked for getNodeInfo. */
  path: v.optional(field.urlPath, '/'),
});

const servers = strict({
  balance: v.optional(v.picklist(['source', 'leastconn']), 'source'),
  /** Requests in a backend, those that queue included; beyond it 503. 0 is no limit. */
  maxRequestsPerBackend: v.optional(whole(0, 1_000_000), 180),
  retries: v.optional(whole(0, 100), 3),
  /**
   * Trusted by the verified ranges. Slots have no name of their own: without `verifyName` any certificate
   * of these authorities is accepted, so name a private one.
   */
  caFile: v.optional(field.caFile, '@system-ca'),
  /** Sent as SNI, and the name that the certificate of each verified server must have. */
  verifyName: v.optional(field.hostName),
  healthCheck: v.optional(orOff(healthCheck), {}),
});

const timeouts = strict({
  connectSeconds: seconds(10),
  clientSeconds: seconds(300),
  serverSeconds: seconds(300),
  /** Waiting for a free server. */
  queueSeconds: seconds(10),
  /** Until all of a request has come, its body included. */
  requestSeconds: seconds(10),
});

const process = strict({
  /** HAProxy gives up root for it; null keeps the user that starts it. */
  user: v.optional(v.nullable(field.account), 'haproxy'),
  group: v.optional(v.nullable(field.account), 'haproxy'),
  maxConnections: v.optional(whole(1, 1_000_000), 720),
});

const admin = strict({
  /**
   * The runs' socket, a path or `address:port`. It has no authentication. No request that HAProxy itself sends
   * can reach a path; who can register an instance at `address:port` can speak to it through the frontend.
   */
  bind: v.optional(
    v.union([field.bindAddress, field.socketPath], 'use "address:port" or a socket path'),
    '/run/haproxy/iri-lb.sock',
  ),
  /** A second socket, for people, so that they never wait for a run or hold one up; null for none. */
  unix: v.optional(v.nullable(field.socketPath), '/run/haproxy/admin.sock'),
  /**
   * A third one, of `level user`, for who only looks (`HAPROXY_READ_ADDRESSES`): many at a time, and none of them
   * holds up a run; null for none.
   */
  read: v.optional(
    v.nullable(
      v.union([field.bindAddress, field.socketPath], 'use "address:port" or a socket path, or null'),
    ),
    '/run/haproxy/iri-lb-read.sock',
  ),
  unixMode: v.optional(field.fileMode, '660'),
  /** An idle client holds the runs' socket for as long. */
  idleSeconds: seconds(35),
});

const stats = strict({
  bind: v.optional(field.bindAddress, '127.0.0.1:9292'),
  refreshSeconds: seconds(5),
  auth: v.optional(auth),
  /** Where Prometheus reads, on the same address; null for none. */
  metricsPath: v.optional(
    v.nullable(v.pipe(field.urlPath, v.notValue('/', 'use another path: / is the stats page'))),
    '/metrics',
  ),
});

const log = strict({
  target: v.optional(field.logTarget, '/dev/log'),
  facility: v.optional(
    v.picklist(['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'daemon']),
    'local0',
  ),
  /** How much of each body is logged; bodies can hold what is not ours to keep, so none by default. */
  bodyBytes: v.optional(whole(0, 60_000), 0),
});

const peers = v.pipe(
  strict({
    /** The load balancer that this configuration is for: one of the members. */
    local: field.peerName,
    members: v.pipe(
      v.array(strict({ name: field.peerName, address: field.bindAddress })),
      v.maxLength(100),
      v.check((items) => namedOnce(items), 'a member is named twice'),
      v.check(
        (items) => new Set(items.map(({ address }) => address)).size === items.length,
        'two members have one address',
      ),
    ),
  }),
  v.check(
    ({ local, members }) => members.some(({ name }) => name === local),
    'local is not the name of a member; HAProxy would leave the section out',
  ),
);

const compression = strict({
  types: v.optional(v.pipe(v.array(field.mediaType), v.minLength(1), v.maxLength(40)), [
    'application/json',
    'application/javascript',
    'text/css',
    'text/html',
    'text/javascript',
    'text/json',
    'text/plain',
    'text/xml',
  ]),
});

/** All of it; everything has a default, which is that of the system this one replaces. */
export const frontendSettings = strict({
  frontend: v.optional(frontend, {}),
  /** The IRI API's rules. */
  iri: iriSettingsOrOff,
  limits: v.optional(orOff(limitSettings), {}),
  servers: v.optional(servers, {}),
  timeouts: v.optional(timeouts, {}),
  compression: v.optional(orOff(compression), {}),
  process: v.optional(process, {}),
  admin: v.optional(admin, {}),
  /** The mutual-TLS gateway to the functions' socket, for `iri-lb render systemd`. */
  gateway: v.optional(gatewaySettings),
  stats: v.optional(orOff(stats), {}),
  log: v.optional(log, {}),
  /**
   * Load balancers that tell each other whom they block and what they counted. HAProxy adds nothing up: of
   * a source that several count, the last count pushed holds; connections that are open are never told.
   */
  peers: v.optional(peers),
  /**
   * Where `show servers state` is saved before a reload, so that addresses and states outlive it. HAProxy 2.6
   * warns when it does not exist or is empty: begin it with the line `1`.
   */
  stateFile: v.optional(filePath),
});

export type FrontendSettings = v.InferOutput<typeof frontendSettings>;

function namedOnce(items: readonly { name: string }[]): boolean {
  return new Set(items.map(({ name }) => name)).size === items.length;
}
