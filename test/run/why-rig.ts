// Explains an instance of simulated HAProxies and a catalog held in memory, as `iri-lb why` does.
import type { Config } from '../../lib/config/pools.js';
import { checksIn, keepRows } from '../../lib/consul/checks.js';
import { makeSource, type SourceClient } from '../../lib/consul/source.js';
import { HAProxyError } from '../../lib/haproxy/errors.js';
import { printAdminAddress } from '../../lib/model/admin-address.js';
import { NotResolvedError } from '../../lib/model/resolve.js';
import type { RunsKnown, Why } from '../../lib/model/why.js';
import { type FleetLook, lookAt } from '../../lib/run/look.js';
import { findTargets, type Targets } from '../../lib/run/targets.js';
import { explain } from '../../lib/run/why/explain.js';
import { instantClock } from '../simulation/rig.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

export interface ExplainWith {
  readonly config: Config;
  readonly catalog: SourceClient;
  /** Host name to HAProxy, or to how a connection to it fails. */
  readonly hosts: Readonly<Record<string, SimulatedHAProxy | 'down' | 'busy'>>;
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly lastKnown?: readonly string[];
  readonly runs?: RunsKnown;
  /** Why there may be further load balancers. */
  readonly discoveryError?: string;
}

const KINDS = { down: 'connect', busy: 'no-prompt' } as const;

export async function lookIn({
  config,
  catalog,
  hosts,
  names = {},
  lastKnown = [],
}: ExplainWith): Promise<FleetLook> {
  const clock = instantClock();
  return lookAt(
    {
      config,
      source: makeSource({ client: catalog, clock }),
      connect: async (address) => {
        const name = printAdminAddress(address);
        const host = address.kind === 'unix' ? undefined : hosts[address.host];
        if (host === undefined || typeof host === 'string')
          throw new HAProxyError(name, KINDS[host ?? 'down'], `no answer, since it is ${host}`);
        return { ...host.connect(), name };
      },
      resolve: async (name) => {
        const answers = names[name];
        if (answers) return answers;
        throw new NotResolvedError(name, lastKnown);
      },
      clock,
      readOnly: false,
      details: 'asked' as const,
    },
    Object.keys(hosts).map((host) => ({ kind: 'tcp', host, port: 9 })),
    { force: false },
  );
}

export async function targetsFor(x: string, options: ExplainWith): Promise<Targets> {
  return findTargets(await lookIn(options), options.config, x);
}

/** Throws where nobody is meant, or several. */
export async function explainIn(x: string, options: ExplainWith): Promise<Why> {
  const { client, rowsOf } = keepRows(options.catalog);
  const seen = await lookIn({ ...options, catalog: client });
  const { report } = seen;
  const error = options.discoveryError;
  const consul = { ...report.consul, ...(error === undefined ? {} : { error }) };
  const look = { ...seen, report: { ...report, consul } };
  const { found, near } = findTargets(look, options.config, x);
  const [target, ...others] = found;
  if (!target || others.length > 0) throw new Error(`${x}: ${found.length} found, near are ${near.join()}`);
  const { instance, service } = target;
  const { checks } = instance && service !== null ? checksIn(rowsOf(service), instance) : { checks: [] };
  return explain({
    ...{ asked: x, target, look, config: options.config, checks },
    runs: options.runs ?? { state: 'unknown' },
  });
}
