// Asks all load balancers, and which of them are one; those that were silent are asked again, one by one.
import { areOneProcess, areSeveralProcesses, type Identity } from '../haproxy/identity.js';
import type { SocketAddress } from '../model/admin-address.js';
import { mapBounded } from '../run/map-bounded.js';
import type { DoctorDeps } from './deps.js';
import type { LoadBalancerFacts } from './facts.js';
import { type Examined, gatherHAProxy } from './gather-haproxy.js';

/** They are only asked, so all at once. */
const AT_ONCE = 256;
/** Of those that were silent, asked again: each may take as long as a dead host. */
const ASKED_AGAIN = 4;

/** `canWait`: whether there is time to ask again whoever was silent. */
export async function gatherFleet(
  deps: DoctorDeps,
  addresses: readonly SocketAddress[],
  canWait: () => boolean,
): Promise<LoadBalancerFacts[]> {
  const examined = await mapBounded(addresses, AT_ONCE, (address) => gatherHAProxy(deps, address));
  const facts = await askLateOnesAgain(deps, examined, canWait);
  return findTwins(deps, facts);
}

/** A socket of one client has room for few who wait: the same one named thrice turns the third away. */
async function askLateOnesAgain(
  deps: DoctorDeps,
  examined: readonly Examined[],
  canWait: () => boolean,
): Promise<LoadBalancerFacts[]> {
  const anybodyAnswered = examined.some(({ found }) => !('failure' in found));
  let left = anybodyAnswered ? ASKED_AGAIN : 0;
  const facts: LoadBalancerFacts[] = [];
  for (const { isLate, ...one } of examined) {
    const isAskedAgain = isLate && left > 0 && canWait();
    if (isAskedAgain) left -= 1;
    const { address, name, found } = isAskedAgain ? await gatherHAProxy(deps, one.address) : one;
    facts.push({ address, name, found });
  }
  return facts;
}

async function findTwins(
  deps: DoctorDeps,
  facts: readonly LoadBalancerFacts[],
): Promise<LoadBalancerFacts[]> {
  const twins: LoadBalancerFacts[] = [];
  for (const one of facts) {
    let sameAs: string | undefined;
    for (const other of twins) {
      if (other.sameAs !== undefined || !mayBeTwins(one, other)) continue;
      if (await areTwins(deps, other.address, one.address)) sameAs = other.name;
    }
    twins.push({ ...one, sameAs });
  }
  return twins;
}

/** By what shows at once; that is not enough to be told. */
function mayBeTwins({ found: one }: LoadBalancerFacts, { found: other }: LoadBalancerFacts): boolean {
  if ('failure' in one || 'failure' in other) return false;
  if (areSeveralProcesses(one.answeredBy) || areSeveralProcesses(other.answeredBy)) return false;
  if (
    one.answeredBy[0]?.startedAt !== other.answeredBy[0]?.startedAt &&
    one.answeredBy[0] &&
    other.answeredBy[0]
  )
    return false;
  return one.process.pid === other.process.pid && one.process.node === other.process.node;
}

/** Asks in turn: in one process each connection, wherever it comes in, counts. */
async function areTwins({ identify }: DoctorDeps, a: SocketAddress, b: SocketAddress): Promise<boolean> {
  const reads: Identity[] = [];
  for (const address of [a, b, a, b]) {
    const read = await identify(address);
    if (!read) return false;
    reads.push(read);
  }
  return areOneProcess(reads);
}
