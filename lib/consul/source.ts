// Reads Consul for a run: the services of all pools, names resolved, and the second look of the guard.

import type { Config } from '../config/pools.js';
import { messageOf, NotResolvedError } from '../model/errors.js';
import type { CatalogPort, Clock, MayRead, Resolve } from '../model/ports.js';
import { type CatalogView, eitherRead, hostNamesOf, locateServices, viewCatalog } from '../plan/view.js';
import { labelOf, type ParsedRows, parseRows } from './rows.js';
import { type Flaw, flawOf, flawOfRights } from './trust.js';

/** How long the guard waits before it looks again, in milliseconds. */
const SECOND_LOOK_MS = 250;

/** One read of Consul, as the plans use it. */
export interface Catalog {
  readonly view: CatalogView;
  /** `X-Consul-Index`; of several services `service=index`, comma-separated. */
  readonly index: string;
  /** Services whose answer must not take anything away, each with the reason, which is an error. */
  readonly distrust: ReadonlyMap<string, string>;
  /** Services with rows that make no sense, with the first of them: nothing of them is taken away either. */
  readonly unsure: ReadonlyMap<string, string>;
  /** Instances that Consul listed, usable or not. */
  readonly instances: number;
  /** Whether Consul has something else to say by now. */
  moved(): Promise<boolean>;
  /** Before anything is taken away because it is not listed: the same, with what the token may not read. */
  proved(): Promise<Catalog>;
  /** Before much is taken away: the second look, once per read; what both reads say together. */
  confirm(): Promise<Catalog>;
}

export interface CatalogReaderDeps {
  readonly config: Config;
  readonly catalog: CatalogPort;
  readonly resolve: Resolve;
  readonly clock: Clock;
  /** Told of each catalog that a plan may act on, the last one last. */
  readonly told?: (catalog: Catalog) => void;
}

interface ServiceRead {
  readonly rows: ParsedRows;
  readonly index: string;
}

type Reads = ReadonlyMap<string, ServiceRead>;
type Flaws = ReadonlyMap<string, Flaw>;

/** What an event told of: the service's index must be at least this one; a read waits for it, bounded. */
export interface AtLeast {
  readonly service: string;
  readonly index: string;
}

/**
 * Reads every service of the pools. Throws what the catalog port throws: an error is never empty. Where
 * the token turns out not to read everything, it is fetched again, once, and a new one reads anew.
 */
export async function readCatalog(
  deps: CatalogReaderDeps,
  atLeast?: AtLeast,
  renewed = false,
): Promise<Catalog> {
  const { config, catalog, clock, told } = deps;
  const { tokenName } = catalog;
  const services = [...new Set(config.pools.map(({ service }) => service))];
  const rights = new Map<string, Promise<MayRead>>();
  const rightsFlaw = (service: string, strict: boolean): Promise<Flaw | undefined> => {
    const asked = rights.get(service) ?? catalog.mayRead(service);
    rights.set(service, asked);
    return flawOfRights(asked, tokenName, service, strict);
  };
  const isRenewed = async (flaws: Flaws): Promise<boolean> =>
    !renewed &&
    [...flaws.values()].some(({ ofToken }) => ofToken) &&
    (await catalog.renewToken().catch(() => false));

  const flaws = new Map<string, Flaw>();
  const late: string[] = [];
  const read = async (service: string): Promise<[string, ServiceRead]> => {
    const wanted = atLeast?.service === service ? atLeast.index : undefined;
    const answer = await catalog.readService(service, wanted === undefined ? {} : { minIndex: wanted });
    if (wanted !== undefined && BigInt(answer.index) < BigInt(wanted)) {
      late.push(
        `Consul's answer on service ${service} (index ${answer.index}) is older than the event (index ${wanted})`,
      );
    }
    const flaw =
      flawOf(tokenName, service, answer) ??
      (answer.rows.length === 0 ? await rightsFlaw(service, true) : undefined);
    if (flaw) flaws.set(service, flaw);
    return [service, { rows: parseRows(answer.rows), index: answer.index }];
  };
  const reads: Reads = new Map(await Promise.all(services.map(read)));
  if (await isRenewed(flaws)) return readCatalog(deps, atLeast, true);

  const own = await assemble(deps, reads, flaws, late);
  let proof: Promise<Catalog> | undefined;
  let second: Promise<Catalog> | undefined;
  const first: Catalog = {
    ...own,
    proved: () => {
      proof ??= prove();
      return proof;
    },
    confirm: () => {
      second ??= secondLook();
      return second;
    },
  };
  told?.(first);
  return first;

  async function prove(): Promise<Catalog> {
    const found = new Map(flaws);
    for (const service of services) {
      const flaw = found.get(service) ?? (await rightsFlaw(service, false));
      if (flaw) found.set(service, flaw);
    }
    if (found.size === flaws.size) return first;
    if (await isRenewed(found)) return (await readCatalog(deps, atLeast, true)).proved();
    return { ...first, distrust: reasonsOf(found) };
  }

  async function secondLook(): Promise<Catalog> {
    const found = new Map(flaws);
    const both = new Map(reads);
    const more = [...late];
    await clock.sleep(SECOND_LOOK_MS);
    const look = async (service: string): Promise<void> => {
      const flaw = found.get(service) ?? (await rightsFlaw(service, true));
      if (flaw) {
        found.set(service, flaw);
        return;
      }
      try {
        const answer = await catalog.readService(service, { consistent: true });
        const bad = flawOf(tokenName, service, answer);
        if (bad) found.set(service, bad);
        const before = reads.get(service);
        const rows = parseRows(answer.rows);
        if (!before) return;
        both.set(service, { rows: eitherRead(before.rows, rows), index: answer.index });
        const lacked = lackedBy(before.rows, rows);
        if (lacked > 0) more.push(`Consul's first answer on service ${service} lacked ${lacked} instances`);
      } catch (error) {
        found.set(service, { reason: `the second read failed: ${messageOf(error)}`, ofToken: false });
      }
    };
    await Promise.all(services.map(look));
    if (await isRenewed(found)) return (await readCatalog(deps, atLeast, true)).confirm();
    const itself = (): Promise<Catalog> => second ?? secondLook();
    const confirmed = { ...(await assemble(deps, both, found, more)), proved: itself, confirm: itself };
    told?.(confirmed);
    return confirmed;
  }
}

/** How many instances the second read has that the first had not. */
function lackedBy(first: ParsedRows, second: ParsedRows): number {
  const known = new Set(first.instances.map(labelOf));
  return second.instances.filter((instance) => !known.has(labelOf(instance))).length;
}

const reasonsOf = (flaws: Flaws): Map<string, string> =>
  new Map([...flaws].map(([service, { reason }]) => [service, reason]));

async function assemble(
  { config, catalog, resolve }: CatalogReaderDeps,
  reads: Reads,
  flaws: Flaws,
  more: readonly string[],
): Promise<Omit<Catalog, 'proved' | 'confirm'>> {
  const rows = new Map([...reads].map(([service, read]) => [service, read.rows]));
  const warnings = [...more, ...[...rows.values()].flatMap((parsed) => parsed.warnings)];
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
    distrust: reasonsOf(flaws),
    unsure: new Map(
      [...rows].flatMap(
        ([
          service,
          {
            unreadable,
            warnings: [first = ''],
          },
        ]) => (unreadable > 0 ? [[service, first] as const] : []),
      ),
    ),
    moved: async () => {
      const now = await Promise.all([...reads.keys()].map((service) => catalog.readIndex(service)));
      return [...reads.values()].some(({ index }, at) => index !== now[at]);
    },
  };
}
