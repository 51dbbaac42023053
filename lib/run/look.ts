// A look at the fleet for people: what Consul and each HAProxy say, and what the next run would do. Writes nothing.
import { detailsOnDemand, parseDetails } from '../haproxy/details.js';
import type { SocketAddress } from '../model/admin-address.js';
import { printAdminAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { LoadBalancerReport, Report } from '../model/report.js';
import type { Observed } from '../model/server.js';
import type { Plan } from '../plan/plan.js';
import { readAtOnce, servicesOf } from './read-at-once.js';
import { type ReconcileDeps, reconcile } from './reconcile.js';
import type { ReconcileOptions } from './transaction.js';
import { type CatalogView, readCatalog } from './views.js';

/** One load balancer as it was met. */
export interface BalancerLook {
  readonly address: string;
  /** `busy`: it takes us in and gives no prompt, so somebody has its socket, or it hangs. `down`: anything else. */
  readonly state: 'read' | 'busy' | 'down';
  /** With details; undefined where it could not be read. */
  readonly observed?: Observed;
  /** Undefined where Consul could not be read either. */
  readonly plan?: Plan;
  /** What the next run would do there; why it could not be read is in its `error`. */
  readonly report: LoadBalancerReport;
}

export interface FleetLook {
  /** When it was begun, by the wall; nothing in it is older. */
  readonly takenAtMs: number;
  /** That of a run that only plans. */
  readonly report: Report;
  /** What Consul says, once its rights were asked for; undefined: it could not be read. */
  readonly catalogView?: CatalogView;
  /** Why Consul could not be read. */
  readonly consulError?: string;
  /** In the order of the report. */
  readonly loadBalancers: readonly BalancerLook[];
}

export interface LookDeps extends ReconcileDeps {
  /** `connect` reaches sockets that nobody writes at. */
  readonly readOnly: boolean;
  /** Of servers. `asked`: each when it is asked for; `all`: while others are waited for. */
  readonly details: 'asked' | 'all';
}

/** Looks at all of them at once, and at Consul meanwhile, also where no load balancer answers. */
export async function lookAt(
  deps: LookDeps,
  addresses: readonly SocketAddress[],
  { force, deadline }: Pick<ReconcileOptions, 'force' | 'deadline'>,
): Promise<FleetLook> {
  const takenAtMs = deps.clock.wallMs();
  const looks = new Map<string, Pick<BalancerLook, 'observed' | 'plan'>>();
  let latest: CatalogView | undefined;
  const source = readAtOnce(deps.source, servicesOf(deps.config), deps.clock);
  const report = await reconcile({ ...deps, source }, addresses, {
    mode: 'plan',
    force,
    ...(deadline === undefined ? {} : { deadline }),
    forPeople: {
      readOnly: deps.readOnly,
      parseDetails: deps.details === 'all' ? parseDetails : detailsOnDemand,
      onView: (view) => {
        latest = view;
      },
      onLook: (address, { observed, plan }) =>
        looks.set(address, { ...(observed ? { observed } : {}), ...(plan ? { plan } : {}) }),
    },
  });
  const consul = await trusted(latest ?? (() => readCatalog({ ...deps, source, admins: addresses })));
  return {
    takenAtMs,
    report,
    ...consul,
    loadBalancers: addresses.map((address, at) => {
      const name = printAdminAddress(address);
      const own = report.loadBalancers[at] ?? unread(name);
      const look = looks.get(name) ?? {};
      return { address: name, state: stateOf(look, own), ...look, report: own };
    }),
  };
}

/** With what the token may read: without rights Consul lists less, and does not say so. */
async function trusted(
  view: CatalogView | (() => Promise<CatalogView>),
): Promise<Pick<FleetLook, 'catalogView' | 'consulError'>> {
  try {
    const read = typeof view === 'function' ? await view() : view;
    return { catalogView: await read.look('rights') };
  } catch (error) {
    return { consulError: messageOf(error) };
  }
}

const unread = (address: string): LoadBalancerReport => ({
  address,
  outcome: 'failed',
  changes: [],
  pools: [],
  warnings: [],
  problems: [],
});

function stateOf(
  { observed }: Pick<BalancerLook, 'observed'>,
  { problems }: LoadBalancerReport,
): BalancerLook['state'] {
  if (observed) return 'read';
  const isBusy = problems.some(
    (problem) => problem.code === 'haproxy-failed' && problem.kind === 'no-prompt',
  );
  return isBusy ? 'busy' : 'down';
}
