// Judges one HAProxy process: reachable, one, its version, and how its admin socket is set up. Pure.
import type { Config } from '../config/pools.js';
import { areSeveralProcesses } from '../haproxy/identity.js';
import { showName } from '../model/text.js';
import type { HAProxyFacts, LoadBalancerFacts } from './facts.js';
import { error, errorFrom, type Finding, ok, warning } from './finding.js';
import { judgeSockets, type Surroundings } from './sockets.js';

export function judgeProcess(
  config: Config,
  loadBalancer: LoadBalancerFacts,
  surroundings: Surroundings,
): Finding[] {
  const { name, found } = loadBalancer;
  if ('failure' in found) return [errorFrom('haproxy', name, found.failure)];
  const isSeveral = areSeveralProcesses(found.answeredBy);
  return [
    judgeVersion(name, found),
    judgeLevel(name, found),
    // A second client may have met the other one.
    ...(isSeveral ? [several(name, found)] : [judgeExclusive(name, found)]),
    ...judgeSockets(config, loadBalancer, found, surroundings),
  ];
}

function several(name: string, { answeredBy }: HAProxyFacts): Finding {
  const pids = [
    ...new Set(answeredBy.map(({ pid, node }) => `pid ${pid}${node ? ` on ${showName(node)}` : ''}`)),
  ];
  const finding = `several HAProxy processes answer in turn (${pids.slice(0, 3).join(', ')}), and each run fills one of them`;
  return error(
    'haproxy',
    name,
    finding,
    'stop all but one, or give each an address of its own in HAPROXY_ADDRESSES',
  );
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
  const check = 'see that "maxconn 1" is on its stats socket line, and who turns connections away';
  return exclusive === undefined
    ? warning('haproxy', name, 'a second connection failed, so whether it would wait is unknown', check)
    : warning('haproxy', name, 'its socket takes several clients at a time', todo);
}
