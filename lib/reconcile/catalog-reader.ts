// Reads Consul for a run: the services of all pools, names resolved, and the second look of the guard.
import { type ParsedRows, parseRows } from '../catalog/instances.js';
import type { Config } from '../config/pools.js';
import { messageOf, NotResolvedError } from '../errors.js';
import { type CatalogView, eitherRead, hostNamesOf, locateServices, viewCatalog } from './catalog-view.js';
import type { CatalogPort, CatalogRead, Clock, Resolve } from './ports.js';

/** How long the guard waits before it looks again, in milliseconds. */
const SECOND_LOOK_MS = 250;

/** One read of Consul, as the plans use it. */
export interface Catalog {
  readonly view: CatalogView;
  /** `X-Consul-Index`; of several services `service=index`, comma-separated. */
  readonly index: string;
  /** Services whose answer must not take anything away, each with the reason, which is an error. */
  readonly distrust: ReadonlyMap<string, string>;
  /** Services with rows that make no sense; nothing of them is taken away, the rows are warnings. */
  readonly unsure: ReadonlySet<string>;
  /** Instances that Consul listed, usable or not. */
  readonly instances: number;
  /** Whether Consul has something else to say by now. */
  moved(): Promise<boolean>;
  /** The second look, once per read: what both reads say together. */
  confirm(): Promise<Catalog>;
}

export interface CatalogReaderDeps {
  readonly config: Config;
  readonly catalog: CatalogPort;
  readonly resolve: Resolve;
  readonly clock: Clock;
}

interface ServiceRead {
  readonly rows: ParsedRows;
  readonly index: string;
}

type Reads = ReadonlyMap<string, ServiceRead>;

/** What an event told of: the service's index must be at least this one; a read waits for it, bounded. */
export interface AtLeast {
  readonly service: string;
  readonly index: string;
}

/** Reads every service of the pools. Throws what the catalog port throws: an error is never empty. */
export async function readCatalog(deps: CatalogReaderDeps, atLeast?: AtLeast): Promise<Catalog> {
  const { config, catalog, clock } = deps;
  const services = [...new Set(config.pools.map(({ service }) => service))];
  const distrust = new Map<string, string>();
  const read = async (
    service: string,
  ): Promise<Reads extends ReadonlyMap<string, infer V> ? [string, V] : never> => {
    const options = atLeast?.service === service ? { minIndex: atLeast.index } : {};
    const answer = await catalog.readService(service, options);
    const reason =
      flawOf(catalog, service, answer) ??
      (answer.rows.length === 0 ? await mayNotRead(catalog, service) : undefined);
    if (reason !== undefined) distrust.set(service, reason);
    return [service, { rows: parseRows(answer.rows), index: answer.index }];
  };
  const reads: Reads = new Map(await Promise.all(services.map(read)));

  let confirmed: Promise<Catalog> | undefined;
  return assemble(deps, reads, distrust, () => {
    confirmed ??= secondLook();
    return confirmed;
  });

  async function secondLook(): Promise<Catalog> {
    const doubts = new Map(distrust);
    const both = new Map(reads);
    await clock.sleep(SECOND_LOOK_MS);
    await Promise.all(
      services.map(async (service) => {
        const reason = doubts.get(service) ?? (await mayNotRead(catalog, service));
        if (reason !== undefined) doubts.set(service, reason);
        else {
          try {
            const answer = await catalog.readService(service, { consistent: true });
            const flaw = flawOf(catalog, service, answer);
            if (flaw !== undefined) doubts.set(service, flaw);
            const first = reads.get(service);
            if (first)
              both.set(service, {
                rows: eitherRead(first.rows, parseRows(answer.rows)),
                index: answer.index,
              });
          } catch (error) {
            doubts.set(service, `the second read failed: ${messageOf(error)}`);
          }
        }
      }),
    );
    return assemble(deps, both, doubts, () => confirmed ?? secondLook());
  }
}

async function assemble(
  { config, catalog, resolve }: CatalogReaderDeps,
  reads: Reads,
  distrust: ReadonlyMap<string, string>,
  confirm: () => Promise<Catalog>,
): Promise<Catalog> {
  const rows = new Map([...reads].map(([service, read]) => [service, read.rows]));
  const warnings = [...rows.values()].flatMap((parsed) => parsed.warnings);
  const located = locateServices(config, rows, (text) => warnings.push(text));
  const answers = new Map<string, readonly string[]>();
  const lastKnown = new Map<string, readonly string[]>();
  await Promise.all(
    hostNamesOf(located).map(async (name) => {
      try {
        answers.set(name, await resolve(name));
      } catch (error) {
        if (error instanceof NotResolvedError) lastKnown.set(name, error.lastKnown);
        warnings.push(`host name ${name} does not resolve (${messageOf(error)})`);
      }
    }),
  );
  const indexes = [...reads].map(([service, { index }]) =>
    reads.size === 1 ? index : `${service}=${index}`,
  );
  return {
    view: viewCatalog(config, located, answers, warnings, lastKnown),
    index: indexes.join(','),
    instances: [...rows.values()].reduce((sum, { instances }) => sum + instances.length, 0),
    distrust,
    unsure: new Set([...rows].filter(([, { unreadable }]) => unreadable > 0).map(([service]) => service)),
    moved: async () => {
      const now = await Promise.all([...reads.keys()].map((service) => catalog.readIndex(service)));
      return [...reads.values()].some(({ index }, at) => index !== now[at]);
    },
    confirm,
  };
}

/** What the answer itself says against taking anything away. */
function flawOf(
  { tokenName }: CatalogPort,
  service: string,
  { filtered, leaderless }: CatalogRead,
): string | undefined {
  if (filtered) {
    return `Consul left out what the token may not read (X-Consul-Results-Filtered-By-ACLs); give the one in ${tokenName} service:read on ${service} and node:read`;
  }
  return leaderless
    ? 'Consul knows no leader (X-Consul-KnownLeader: false), its answer may be old'
    : undefined;
}

/** Without the right to read, Consul answers an empty list, so the right itself is asked for. */
async function mayNotRead(catalog: CatalogPort, service: string): Promise<string | undefined> {
  try {
    if ((await catalog.mayRead(service)) !== 'denied') return undefined;
    return `Consul's acl/authorize says that the token may not read service ${service}, so an empty answer means nothing; give the one in ${catalog.tokenName} service:read on ${service} and node:read`;
  } catch (error) {
    return messageOf(error);
  }
}
