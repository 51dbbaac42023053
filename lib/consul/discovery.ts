// Finds the load balancers' admin sockets in Consul (`HAPROXY_ADDRESSES=consul:SERVICE`).
import { parseAddress, parsePort } from '../model/address.js';
import {
  type AdminAddress,
  inPrintedOrder,
  printAdminAddress,
  type SocketAddress,
} from '../model/admin-address.js';
import { type Health, labelOf, type ServiceInstance } from '../model/instance.js';
import { nextStepOf, type Problem, type ProblemOf, sentenceOf, textOf } from '../model/problem.js';
import { quote } from '../model/text.js';
import type { ConsulClient } from './client.js';
import { ConsulError } from './errors.js';
import { parseRows } from './rows.js';
import { flawOfAnswer, isOfToken, judgeRights } from './trust.js';

/** More load balancers than anybody has: each is connected to in every run, whoever registered it. */
const MAX_LOAD_BALANCERS = 256;
/** Reasons named in the error; the problems have them all. */
const MAX_NAMED = 5;
const REGISTER = 'register one, or let the token read it (service:read, node:read)';

export interface LoadBalancers {
  /** Each once, ordered by its printed form. */
  readonly addresses: readonly SocketAddress[];
  /** `load-balancers-unknown`: there may be more of them. The run serves those that are known, and fails. */
  readonly problems: readonly Problem[];
}

/** What the rows of one service say. */
export interface Registered extends LoadBalancers {
  readonly problems: readonly ProblemOf<
    'row-unreadable' | 'load-balancer-unusable' | 'load-balancers-many'
  >[];
  /** Of these, those of registrations that were meant to be served. */
  readonly missing: readonly ProblemOf<'row-unreadable' | 'load-balancer-unusable' | 'load-balancers-many'>[];
}

type Client = Pick<ConsulClient, 'tokenName' | 'readService' | 'mayRead' | 'renewToken'>;

/**
 * Replaces each `consul:SERVICE` with what is registered under it. A load balancer that is not seen would
 * keep yesterday's servers: where the list may lack one, a problem says why, and where there is none at
 * all, ConsulError is thrown. `hasCertificates`: those whose registration names no scheme are spoken to with TLS.
 */
export async function discoverLoadBalancers(
  client: Client,
  configured: readonly AdminAddress[],
  hasCertificates = false,
): Promise<LoadBalancers> {
  const found = new Map<string, SocketAddress>();
  const problems: Problem[] = [];
  for (const entry of configured) {
    if (entry.kind !== 'consul') {
      found.set(printAdminAddress(entry), entry);
      continue;
    }
    const { service } = entry;
    const { rows, flaw } = await readList(client, service);
    const listed = parseLoadBalancers(service, rows, hasCertificates);
    if (listed.addresses.length === 0) {
      const [reason = flaw] = flaw ? [flaw] : listed.problems;
      throw new ConsulError(
        service,
        'no load balancer is registered',
        reason ? sentenceOf(reason) : REGISTER,
      );
    }
    for (const address of listed.addresses) found.set(printAdminAddress(address), address);
    problems.push(...listed.problems);
    const [first, ...others] = flaw ? [flaw, ...listed.missing] : listed.missing;
    if (!first) continue;
    const reasons = [first, ...others].slice(0, MAX_NAMED).map(textOf);
    problems.push({ code: 'load-balancers-unknown', service, reasons, nextStep: nextStepOf(first) });
  }
  return { addresses: inPrintedOrder(found), problems };
}

/** The rows, and what speaks against taking them for all; where another token may mend that, it is asked for. */
async function readList(
  client: Client,
  service: string,
  renewed = false,
): Promise<{ readonly rows: readonly unknown[]; readonly flaw: Problem | undefined }> {
  // Nothing in the answer shows that rows were left out for want of a right (before 1.11).
  const rights = client.mayRead(service);
  rights.catch(() => undefined);
  const answer = await client.readService(service);
  const flaw =
    flawOfAnswer(client.tokenName, service, answer) ??
    (await judgeRights(rights, client.tokenName, service)).flaw;
  if (flaw && isOfToken(flaw) && !renewed && (await client.renewToken().catch(() => false)))
    return readList(client, service, true);
  return { rows: answer.rows, flaw };
}

/**
 * Reads admin addresses from the rows of `/v1/health/service/:name`. Health is not looked at: a load
 * balancer whose check fails may still serve requests, and would come back with yesterday's servers; if
 * it cannot be reached, its own report says so. One in maintenance is the operator's, and left out. The
 * scheme is the tag `tls` or `tcp`, or Meta `scheme`; by default `tls` with certificates, else `tcp`. Of several
 * registrations at one host and port, which a rebuilt host leaves behind, the healthiest one counts; of more than
 * there can be, too.
 */
export function parseLoadBalancers(
  service: string,
  rows: readonly unknown[],
  hasCertificates = false,
): Registered {
  const { instances: all, unreadable } = parseRows(service, rows);
  const instances = healthiestFirst(all);
  const found = new Map<string, SocketAddress>();
  const places = new Set<string>();
  let leftOut = 0;
  const problems: Registered['problems'][number][] = [...unreadable];
  const missing: Registered['missing'][number][] = [...unreadable];
  for (const instance of instances) {
    const address = parseInstance(instance, hasCertificates ? 'tls' : 'tcp');
    const place = JSON.stringify([instance.address, instance.port]);
    if (places.has(place)) continue;
    if (typeof address !== 'string') {
      places.add(place);
      if (found.size === MAX_LOAD_BALANCERS) leftOut += 1;
      else found.set(printAdminAddress(address), address);
      continue;
    }
    if (instance.health === 'maintenance') places.add(place);
    const problem = {
      code: 'load-balancer-unusable',
      service,
      instance: labelOf(instance),
      detail: address,
    } as const;
    problems.push(problem);
    if (instance.health !== 'maintenance') missing.push(problem);
  }
  if (leftOut > 0) {
    const problem = { code: 'load-balancers-many', service, most: MAX_LOAD_BALANCERS, leftOut } as const;
    problems.push(problem);
    missing.push(problem);
  }
  return { addresses: inPrintedOrder(found), problems, missing };
}

const BEST_FIRST: readonly Health[] = ['maintenance', 'passing', 'warning', 'critical'];

/** An operator's maintenance before all: it is meant for the place, whoever else is registered there. */
function healthiestFirst(instances: readonly ServiceInstance[]): ServiceInstance[] {
  const rank = ({ health, nodeIsDead }: ServiceInstance): number =>
    nodeIsDead ? BEST_FIRST.length : BEST_FIRST.indexOf(health);
  return [...instances].sort((a, b) => rank(a) - rank(b));
}

function parseInstance(
  { address, port, tags, meta, health }: ServiceInstance,
  standard: 'tcp' | 'tls',
): SocketAddress | string {
  if (health === 'maintenance') return 'in maintenance';
  const host = parseAddress(address);
  const number = parsePort(port);
  if (!host) return `${quote(address)} is no address`;
  if (!number) return `${quote(port)} is no port`;
  const said = new Set<unknown>(tags.filter((tag) => tag === 'tcp' || tag === 'tls'));
  if (said.size === 0) said.add(meta.scheme ?? standard);
  const [kind] = said;
  if (said.size > 1 || (kind !== 'tcp' && kind !== 'tls'))
    return `scheme ${[...said].map((value) => quote(value)).join(' and ')}; use tcp or tls`;
  return { kind, host: host.text, port: number };
}
