// Judges one HAProxy process: reachable, version, and how its admin socket is set up. Pure.
import { isLoopback } from '../model/loopback.js';
import { showName } from '../model/text.js';
import type { HAProxyFacts, LoadBalancerFacts } from './facts.js';
import { error, errorFrom, type Finding, ok, warning } from './finding.js';

export function judgeProcess(loadBalancer: LoadBalancerFacts): Finding[] {
  const { name, found } = loadBalancer;
  if ('failure' in found) return [errorFrom('haproxy', name, found.failure)];
  return [
    judgeVersion(name, found),
    judgeLevel(name, found),
    judgeExclusive(name, found),
    ...judgeExposure(loadBalancer, found),
  ];
}

function judgeVersion(name: string, { process: { version } }: HAProxyFacts): Finding {
  const [, major = '', minor = '', patch] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  const series = Number(major) * 1000 + Number(minor);
  const text = `HAProxy ${showName(version)}`;
  if (series < 2002)
    return error('haproxy', name, `${text} lacks what runs need`, 'update it to 2.6 or later');
  // haproxy#3064: with more than 16 kB of commands unanswered it hangs for ever.
  if (series === 3002 && patch === '0')
    return error('haproxy', name, `${text} hangs on long runs`, 'update it to the latest 3.2');
  return ok('haproxy', name, text);
}

function judgeLevel(name: string, { level }: HAProxyFacts): Finding {
  if (level === 'admin') return ok('haproxy', name, 'its socket has level admin');
  const finding = `its socket has level ${showName(level)}, so nothing can be changed`;
  return error('haproxy', name, finding, 'put "level admin" on its stats socket line');
}

function judgeExclusive(name: string, { exclusive }: HAProxyFacts): Finding {
  if (exclusive) return ok('haproxy', name, 'its socket takes one client at a time');
  const todo = 'put "maxconn 1" on its stats socket line, so that a run is a transaction';
  return exclusive === undefined
    ? warning('haproxy', name, 'a second connection failed, so whether it would wait is unknown', todo)
    : warning('haproxy', name, 'its socket takes several clients at a time', todo);
}

/** The TCP socket has no authentication, and `ssl` on its line is plain text without a word since 2.6. */
function judgeExposure({ address, name }: LoadBalancerFacts, { sockets }: HAProxyFacts): Finding[] {
  const todo = 'bind it to 127.0.0.1, and reach it through the gateway (tls://) of iri-lb render systemd';
  const exposed = sockets.filter((socket) => socket.level !== 'user' && isBeyondLoopback(socket.address));
  if (exposed.length > 0) {
    return exposed.map((socket) =>
      error('haproxy', name, `${showName(socket.address)} answers everyone in plain text`, todo),
    );
  }
  if (address.kind === 'tcp' && !isLoopback(address.host))
    return [error('haproxy', name, 'answers in plain text beyond loopback', todo)];
  return [ok('haproxy', name, 'answers nobody in plain text beyond loopback')];
}

/** `ipv4@10.0.0.5:9999` and `ipv6@[::]:9999` are; sockets of the file system and loopback are not. */
function isBeyondLoopback(socket: string): boolean {
  const host = /^ipv[46]@(.*):\d+$/.exec(socket)?.[1];
  return host !== undefined && !isLoopback(host);
}
