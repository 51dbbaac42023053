// Asks each Consul address for itself, and what the token may do; the token stays here.
import { isLeaderless, parseRead, parseRights, type Right } from '../consul/answers.js';
import type { Answer, Endpoint, Question } from '../consul/endpoint.js';
import { RequestFailure } from '../consul/request-failure.js';
import { detailOf, messageOf } from '../model/errors.js';
import type { DoctorDeps } from './deps.js';
import type { ConsulFacts, Facts, Rights, TokenFacts } from './facts.js';

type Secret = string | undefined;

/** Only `node_prefix ""` covers the empty name; rules for single nodes and for longer prefixes do not. */
const ANY_NODE = '';

type ConsulSide = Pick<Facts, 'token' | 'consul' | 'rights' | 'serviceNames'>;

export async function gatherConsul(deps: DoctorDeps): Promise<ConsulSide> {
  const { endpoints, settings } = deps;
  const { facts: token, secret } = await readToken(deps);
  const services = servicesOf(settings);
  const asked = await Promise.all(
    endpoints.map((endpoint) => probe(deps, endpoint, services[0] ?? '', secret)),
  );
  const answering = endpoints[asked.findIndex(({ failure }) => failure === undefined)];
  return {
    token,
    consul: asked,
    rights: answering && (await readRights(deps, answering, services, secret)),
    serviceNames: answering ? await readServiceNames(deps, answering, secret) : [],
  };
}

/** The services of all pools, and those under which load balancers are registered. */
export function servicesOf({ config, haproxy }: DoctorDeps['settings']): string[] {
  const discovered = haproxy.addresses.flatMap((entry) => (entry.kind === 'consul' ? entry.service : []));
  return [...new Set([...config.pools.map(({ service }) => service), ...discovered])];
}

async function readToken({ token }: DoctorDeps): Promise<{ facts: TokenFacts; secret: Secret }> {
  const { name } = token;
  try {
    const secret = await token.get();
    return { facts: { name, found: secret === undefined ? 'none' : 'yes' }, secret };
  } catch (error) {
    return { facts: { name, found: { failure: detailOf(error) } }, secret: undefined };
  }
}

async function probe(
  { clock, consulTimeoutMs }: DoctorDeps,
  endpoint: Endpoint,
  service: string,
  secret: Secret,
): Promise<ConsulFacts> {
  const { address } = endpoint;
  try {
    const answer = await endpoint.readService(service, {}, secret, consulTimeoutMs);
    const leaderless = isLeaderless(answer.headers);
    if (!leaderless) parseRead(answer);
    return { address, leaderless, clockAheadMs: clockAhead(answer, clock.wallMs()) };
  } catch (error) {
    const status = error instanceof RequestFailure ? error.status : undefined;
    const message = messageOf(error);
    // Consul's and raft's own words in the body of a 500: no cluster leader, not the leader, leadership lost.
    const isLeaderless = status === 500 && /leader/i.test(message);
    const failure = { status, message, isLeaderless };
    return { address, leaderless: false, clockAheadMs: undefined, failure };
  }
}

function clockAhead({ headers }: Answer, now: number): number | undefined {
  const theirs = Date.parse(headers.date ?? '');
  return Number.isNaN(theirs) ? undefined : theirs - now;
}

async function readRights(
  { consulTimeoutMs }: DoctorDeps,
  endpoint: Endpoint,
  services: readonly string[],
  secret: Secret,
): Promise<Rights> {
  let refusal: string | undefined;
  const may = async (question: Question): Promise<Right> => {
    const pending = endpoint.authorize([question], secret, consulTimeoutMs);
    let said = '';
    const hear = (error: unknown): Right[] => {
      said = messageOf(error);
      return [];
    };
    pending.catch(hear);
    const [right = 'unknown'] = await parseRights(pending, 1).catch(hear);
    if (right === 'unknown') refusal ??= said;
    return right;
  };
  const filtered = (service: string): Promise<boolean> =>
    endpoint.readService(service, {}, secret, consulTimeoutMs).then(
      (answer) => parseRead(answer).filtered,
      () => false,
    );
  const [nodeRead, ...found] = await Promise.all([
    may({ resource: 'node', access: 'read', name: ANY_NODE }),
    ...services.map(async (service) => ({
      service,
      read: await may({ resource: 'service', access: 'read', name: service }),
      write: await may({ resource: 'service', access: 'write', name: service }),
      filtered: await filtered(service),
    })),
  ]);
  return { services: found, nodeRead, ...(refusal === undefined ? {} : { refusal }) };
}

/** For near names only, so that nothing is lost where it fails. */
async function readServiceNames(
  { consulTimeoutMs }: DoctorDeps,
  endpoint: Endpoint,
  secret: Secret,
): Promise<string[]> {
  try {
    const { body } = await endpoint.listServices(secret, consulTimeoutMs);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body) : [];
  } catch {
    return [];
  }
}
