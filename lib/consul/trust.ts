// Why an answer of Consul must not take anything away: what it says of itself, and what the token may read.
import { messageOf } from '../model/errors.js';
import type { CatalogRead, MayRead } from '../model/ports.js';

/** A reason, for people, and whether another token may mend it. */
export interface Flaw {
  readonly reason: string;
  readonly ofToken: boolean;
}

/** What the answer itself says against taking anything away. */
export function flawOf(
  tokenName: string,
  service: string,
  { filtered, leaderless }: CatalogRead,
): Flaw | undefined {
  if (filtered) {
    const reason = `Consul left out what the token may not read (X-Consul-Results-Filtered-By-ACLs); ${grant(tokenName, service)}`;
    return { reason, ofToken: true };
  }
  if (!leaderless) return undefined;
  const reason = 'Consul knows no leader (X-Consul-KnownLeader: false), its answer may be old';
  return { reason, ofToken: false };
}

/**
 * Without the right to read the service, Consul answers an empty list; without the right to read a node,
 * it leaves the instances there out. Neither shows in the answer (before 1.11), so the rights are asked
 * for. Where nobody says what the token may do, `strict` takes that for a flaw.
 */
export async function flawOfRights(
  mayRead: Promise<MayRead>,
  tokenName: string,
  service: string,
  strict: boolean,
): Promise<Flaw | undefined> {
  let answer: MayRead;
  try {
    answer = await mayRead;
  } catch (error) {
    return { reason: messageOf(error), ofToken: false };
  }
  const says = "Consul's acl/authorize says that the token may not read";
  if (answer === 'denied') {
    const reason = `${says} service ${service}, so an empty answer means nothing; ${grant(tokenName, service)}`;
    return { reason, ofToken: true };
  }
  if (answer === 'nodes-denied') {
    const reason = `${says} every node, so a missing instance means nothing; ${grant(tokenName, service)}`;
    return { reason, ofToken: true };
  }
  if (answer !== 'unknown' || !strict) return undefined;
  const reason = `nobody says whether the token may read service ${service}; let POST /v1/internal/acl/authorize through to Consul`;
  return { reason, ofToken: false };
}

const grant = (tokenName: string, service: string): string =>
  `give the one in ${tokenName} service:read on ${service} and node:read on every node (iri-lb render policy)`;
