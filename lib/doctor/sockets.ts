// Judges who can reach the admin sockets of a HAProxy, itself included: its requests go where Consul says. Pure.
import type { Config } from '../config/pools.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { isLoopback } from '../model/loopback.js';
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
  { networks }: Config,
  name: string,
  named: readonly SocketAddress[],
  writing: HAProxyFacts['sockets'],
): Finding[] {
  const refused = new Set(named.map((address) => printAdminAddress(address).replace(/^tcp:\/\//, '')));
  const servable = writing.filter((socket) => {
    const host = hostOf(socket.address);
    const isRefused = refused.has(socket.address.replace(/^ipv[46]@/, ''));
    return host !== undefined && isLoopback(host) && !isRefused && isListed(networks, host);
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

/** Whether one of the networks that are on loopback has this address. */
function isListed(networks: readonly string[], host: string): boolean {
  const numbers = (ip: string): number[] => ip.split('.').map(Number);
  const bits = (ip: string): string =>
    numbers(ip)
      .map((part) => part.toString(2).padStart(8, '0'))
      .join('');
  return networks.some((network) => {
    const [base = '', length = host.includes(':') ? '128' : '32'] = network.split('/');
    if (!isLoopback(base) || base.includes(':') !== host.includes(':')) return false;
    if (host.includes(':')) return true;
    return bits(base).slice(0, Number(length)) === bits(host).slice(0, Number(length));
  });
}
