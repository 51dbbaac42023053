// Judges Consul: each address, its leader, its clock, its ACLs, the token and what it may do. Pure.
import type { ConsulFacts, Facts, Rights, TokenFacts } from './facts.js';
import { error, errorFrom, type Finding, ok, warning } from './finding.js';

/** AWS refuses signatures that are 5 minutes off; clocks that are synchronised are within a second. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;
const POLICY = 'give it the policy that iri-lb render policy prints';

export function judgeConsul({ token, consul, rights }: Facts): Finding[] {
  const isKnown = !consul.some(({ failure }) => failure?.status === 403);
  return [
    judgeToken(token, isKnown, consul),
    ...consul.flatMap(judgeAddress),
    ...(rights && typeof token.found === 'string' ? judgeRights(rights, token) : []),
  ];
}

function judgeToken({ name, found }: TokenFacts, isKnown: boolean, consul: readonly ConsulFacts[]): Finding {
  if (typeof found === 'object') return errorFrom('token', name, found.failure);
  if (!isKnown)
    return error('token', name, 'Consul does not know it (403)', 'put the SecretID of a valid token there');
  if (found === 'none') return ok('token', name, 'no token is used');
  const asked = consul.some(({ failure }) => failure === undefined);
  return ok('token', name, asked ? 'is there, and Consul takes it' : 'is there; Consul could not be asked');
}

function judgeAddress({ address, failure, leaderless, clockAheadMs }: ConsulFacts): Finding[] {
  if (failure?.status === 403) return [ok('consul', address, 'answers')];
  const leader = 'bring a majority of the Consul servers back, and this agent to them';
  if (leaderless || failure?.isLeaderless) return [error('consul', address, 'knows no leader', leader)];
  if (failure?.status === undefined && failure) {
    const todo = 'start Consul there, or correct CONSUL_HTTP_ADDR, CONSUL_CACERT, routes and security groups';
    return [error('consul', address, `cannot be read (${failure.message})`, todo)];
  }
  if (failure) return [error('consul', address, `answers ${failure.message}`, adviceOn(failure))];
  return [ok('consul', address, 'answers, and knows a leader'), ...judgeClock(address, clockAheadMs)];
}

/** Consul's own words for a datacenter that it does not know come with status 500, like those for no leader. */
function adviceOn({
  status,
  message,
}: {
  readonly status: number | undefined;
  readonly message: string;
}): string {
  if (/no path to datacenter/i.test(message)) return 'correct CONSUL_DATACENTER, or join that datacenter';
  if (status === 400) return 'check CONSUL_NAMESPACE and CONSUL_DATACENTER';
  return "see Consul's log there";
}

function judgeClock(address: string, aheadMs: number | undefined): Finding[] {
  if (aheadMs === undefined || Math.abs(aheadMs) <= MAX_CLOCK_DIFFERENCE_MS) return [];
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const finding = `its clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the clock here`;
  return [warning('consul', address, finding, 'synchronise both clocks (NTP)')];
}

function judgeRights({ services, nodeRead, refusal }: Rights, { name }: TokenFacts): Finding[] {
  if (services.some(({ read }) => read === 'acls-disabled')) {
    const finding = 'are off: whoever reaches Consul can put servers into rotation';
    return [
      warning('consul', 'ACLs', finding, 'turn them on with default_policy = "deny"'),
      ...services.flatMap(judgeFiltered),
    ];
  }
  const nodes =
    nodeRead === 'denied'
      ? [error('consul', 'nodes', `${name}: may not read nodes, so Consul leaves instances out`, POLICY)]
      : [];
  return [
    ...(refusal === undefined ? [ok('consul', 'ACLs', 'are on')] : [unsaid(name, refusal)]),
    ...nodes,
    ...services.flatMap((entry) => {
      const { service, read, write } = entry;
      const subject = `service ${service}`;
      if (read === 'denied')
        return [error('consul', subject, `${name}: may not read it; Consul answers an empty list`, POLICY)];
      if (write === 'allowed')
        return [warning('consul', subject, `${name}: may also write it, which no run needs`, POLICY)];
      if (read === 'unknown') return judgeFiltered(entry);
      return [ok('consul', subject, 'may be read, and no more'), ...judgeFiltered(entry)];
    }),
  ];
}

/** Runs go on, since what keeps the question away is no reason to serve who has left. */
function unsaid(name: string, refusal: string): Finding {
  const finding = `nobody says what ${name} may read: POST /v1/internal/acl/authorize got ${refusal}; runs take away what is missing only after a second look`;
  const todo =
    'let that request through to Consul: see allow_write_http_from and http_config.block_endpoints of the agent, and any proxy before it';
  return warning('consul', 'rights', finding, todo);
}

function judgeFiltered({ service, filtered }: Rights['services'][number]): Finding[] {
  if (!filtered) return [];
  const finding = 'Consul leaves out what the token may not read (X-Consul-Results-Filtered-By-ACLs)';
  return [error('consul', `service ${service}`, finding, POLICY)];
}
