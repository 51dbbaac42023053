// What the fleet holds, made of one look: every load balancer slot by slot, what is pending, what needs a look.

import { fingerprintOf } from '../config/fingerprint.js';
import type { Config } from '../config/pools.js';
import { printHostPort } from '../model/address.js';
import { BUILD } from '../model/build.js';
import { sentenceOf } from '../model/problem.js';
import type { InstanceStatus, PendingChange, Status } from '../model/status.js';
import { plainText } from '../model/text.js';
import { attentionOf } from './attention.js';
import { differencesOf } from './differences.js';
import type { FleetLook } from './look.js';
import type { Runner } from './runner.js';
import { balancerStatus } from './status-balancer.js';
import { type CatalogView, instancesIn, versionOf } from './views.js';
import { NOBODY_KNOWN, type WhoRuns } from './who-runs.js';

/** Says when a run last succeeded, whose it was, and how runs go. Throws nothing. */
export type WhoRunsSource = () => Promise<WhoRuns>;

/** Looks at the fleet once; writes nothing. Throws what finding the load balancers throws. */
export async function readFleet(runner: Runner, whoRuns: WhoRunsSource = nobodyKnows): Promise<Status> {
  const [look, who] = await Promise.all([runner.look({ details: 'all' }), whoRuns()]);
  return statusOf(look, runner.settings.config, who);
}

const nobodyKnows: WhoRunsSource = async () => NOBODY_KNOWN;

/** Makes the status of a look; what could not be read is said to be unknown in its place, never zero. */
export function statusOf(look: FleetLook, config: Config, { lastRun, runs }: WhoRuns = NOBODY_KNOWN): Status {
  const { catalogView: seen, takenAtMs } = look;
  const loadBalancers = look.loadBalancers.map((one) => balancerStatus(one, config, seen));
  const differences = differencesOf(loadBalancers);
  const instances = seen ? instancesOf(seen, config) : null;
  const unread = unreadOf(look);
  // The list of load balancers may be Consul's, too.
  const errors = [look.report.consul.error, unread].filter((error) => error !== undefined);
  const consul = {
    index: seen ? versionOf(seen.catalog) : null,
    instances: seen ? instancesIn(seen.catalog) : null,
    names: Object.fromEntries(seen?.view.answers ?? []),
    ...(errors.length === 0 ? {} : { error: errors.join('; ') }),
  };
  return {
    version: 1,
    takenAt: new Date(takenAtMs).toISOString(),
    lookedBy: { ...BUILD, config: fingerprintOf(config) },
    lastRun: lastRun && { at: new Date(lastRun.endedAtMs).toISOString(), by: plainText(lastRun.by) },
    pending: pendingIn(look),
    attention: attentionOf(look, { unread, loadBalancers, differences, instances, runs }),
    consul,
    instances,
    loadBalancers,
    differences,
  };
}

/** Why who should be served is not known; undefined: it is. */
const unreadOf = ({ catalogView, consulError }: FleetLook): string | undefined =>
  consulError ?? (catalogView && distrustOf(catalogView));

/** Why the list cannot be believed to be whole; undefined: it can. Each reason once, with the services it is about. */
function distrustOf({ catalog }: CatalogView): string | undefined {
  const services = new Map<string, string[]>();
  for (const { service, absence } of catalog.services) {
    if (absence.believed !== 'no' || absence.fails !== 'always') continue;
    const sentence = sentenceOf(absence.why);
    services.set(sentence, [...(services.get(sentence) ?? []), service]);
  }
  if (services.size === 0) return undefined;
  const reasons = [...services].map(([sentence, names]) => `service ${names.join(', ')}: ${sentence}`);
  return `consul: ${reasons.join('; ')}`;
}

function instancesOf({ view }: CatalogView, { pools }: Config): InstanceStatus[] {
  return [...view.located].flatMap(([service, located]) => {
    const backends = new Map<string, string[]>();
    for (const { backend } of pools.filter((pool) => pool.service === service))
      for (const { located: one } of view.selected.get(backend) ?? []) {
        const known = backends.get(one.label);
        if (known) known.push(backend);
        else backends.set(one.label, [backend]);
      }
    return located.map(({ label, instance, registered, addresses = [], port }) => ({
      instance: label,
      service,
      health: instance.health,
      address: registered,
      leadsTo: addresses.map((address) => printHostPort(address, port)),
      backends: backends.get(label) ?? [],
    }));
  });
}

/** What the next run would change, told once where it is the same on several load balancers. */
function pendingIn({ loadBalancers, report }: FleetLook): Status['pending'] {
  const changes = new Map<string, PendingChange & { readonly loadBalancers: string[] }>();
  for (const { address, changes: planned } of report.loadBalancers)
    for (const { action, backend, slot, instance, reason, after } of planned) {
      const key = JSON.stringify([action, backend, slot, instance, reason, after]);
      const known = changes.get(key);
      if (known) known.loadBalancers.push(address);
      else changes.set(key, { action, backend, slot, instance, reason, loadBalancers: [address] });
    }
  const unknownOn = loadBalancers.filter(({ plan }) => plan === undefined).map(({ address }) => address);
  const isUnknown = unknownOn.length === loadBalancers.length;
  return { count: isUnknown ? null : changes.size, changes: [...changes.values()], unknownOn };
}
