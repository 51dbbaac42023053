// Judges who can reach the admin sockets of a HAProxy, itself included: its requests go where Consul says. Pure.
import type { Config } from '../config/pools.js';
import { parseIp } from '../model/address.js';
import type { SocketAddress } from '../model/admin-address.js';
import { isLoopback } from '../model/loopback.js';
import { judgeOf } from '../model/networks.js';
import { showName } from '../model/text.js';
import type { HAProxyFacts, LoadBalancerFacts } from './facts.js';
import { error, type Finding, ok } from './finding.js';

/** What is there beside this load balancer. */
export interface Surroundings {
  /** The addresses of all load balancers. */
  readonly named: readonly SocketAddress[];
  /** By `address:port`: the instances in Consul. */
  readonly registered: ReadonlyMap<string, string>;
}

/** The TCP socket has no authentication, and `ssl` on its line is plain text without a word since 2.6. */
export function judgeSockets(
  config: Config,
  { address, name }: LoadBalancerFacts,
  { sockets }: HAProxyFacts,
  { named, registered }: Surroundings,
): Finding[] {
  const todo = 'bind it to 127.0.0.1, and reach it through the gateway (tls://) of iri-lb render systemd';
  const writing = sockets.filter(({ level }) => level !== 'user');
  const exposed = writing.filter((socket) => isBeyondLoopback(socket.address));
  const servable = [
    ...judgeServable(config, name, named, writing),
    ...judgeRegistered(name, registered, writing),
  ];
  if (exposed.length > 0) {
    const findings = exposed.map((socket) =>
      error('haproxy', name, `${showName(socket.address)} answers everyone in plain text`, todo),
    );
    return [...findings, ...servable];
  }
  if (address.kind === 'tcp' && !isLoopback(address.host))
    return [error('haproxy', name, 'answers in plain text beyond loopback', todo), ...servable];
  return [ok('haproxy', name, 'answers nobody in plain text beyond loopback'), ...servable];
}

/** `ipv4@10.0.0.5:9999` and `ipv6@[::]:9999` are; sockets of the file system and loopback are not. */
function isBeyondLoopback(socket: string): boolean {
  const host = hostOf(socket);
  return host !== undefined && !isLoopback(host);
}

const hostOf = (socket: string): string | undefined => /^ipv[46]@(.*):\d+$/.exec(socket)?.[1];

/**
 * A socket on loopback that a registration in Consul can name: a request over HTTP to it runs as commands. The
 * addresses that runs use are refused to instances, and so is loopback unless LB_CONFIG lists it.
 */
function judgeServable(
  config: Config,
  name: string,
  named: readonly SocketAddress[],
  writing: HAProxyFacts['sockets'],
): Finding[] {
  const admins = named.flatMap((one) => {
    const ip = one.kind === 'unix' ? undefined : parseIp(one.host)?.text;
    return one.kind === 'unix' || ip === undefined ? [] : [{ ip, port: one.port }];
  });
  const judge = judgeOf(config, admins);
  const servable = writing.filter((socket) => {
    const host = hostOf(socket.address);
    const port = Number(/\d+$/.exec(socket.address)?.[0]);
    return host !== undefined && isLoopback(host) && judge(parseIp(host)?.text ?? host, port) === undefined;
  });
  const todo =
    'give it a path (admin.bind "/run/haproxy/iri-lb.sock"), or take loopback out of networks in LB_CONFIG';
  return servable.map((socket) => {
    const finding = `${showName(socket.address)} can be registered as an instance: then requests to it run as commands`;
    return error('haproxy', name, finding, todo);
  });
}

/** Whoever registered it, by mistake or not, had better not be served. */
function judgeRegistered(
  name: string,
  registered: Surroundings['registered'],
  writing: HAProxyFacts['sockets'],
): Finding[] {
  return writing.flatMap((socket) => {
    const label = registered.get(socket.address.replace(/^ipv[46]@/, ''));
    if (label === undefined) return [];
    const finding = `instance ${label} is registered at ${showName(socket.address)}, an admin socket of this HAProxy`;
    return [error('haproxy', name, finding, 'deregister it, and see who may write to Consul')];
  });
}
