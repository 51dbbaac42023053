// Reads the source for a run and resolves the names it lists: the view that the plans are made on.
import type { SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import { NotResolvedError, type Resolve } from '../model/resolve.js';
import type { AtLeast, Catalog, Look, Reading, Source } from '../model/source.js';
import {
  absencesOf,
  hostNamesOf,
  type LocatedCatalog,
  locateCatalog,
  type View,
  type ViewConfig,
  viewOf,
} from '../plan/view.js';
import { adminsAmong, findAdmins, isAnyClosed, ownAddresses } from './admins.js';

export interface ViewDeps {
  readonly config: ViewConfig;
  readonly source: Source;
  readonly resolve: Resolve;
  /** The load balancers of the run: nobody may be served at their admin sockets. */
  readonly admins?: readonly SocketAddress[];
}

/** A reading and the view made of it, for all load balancers that plan on it. */
export interface CatalogView extends Pick<Reading, 'catalog' | 'hasMoved' | 'isOutdated'> {
  readonly view: View;
  /** The same after a closer look; looked at once, however many ask. */
  look(what: Look): Promise<CatalogView>;
}

/** Reads the services of all pools; `onRead` is told of each view, the last one last. Throws what the source throws. */
export async function readCatalog(
  deps: ViewDeps,
  atLeast?: AtLeast,
  onRead: (read: CatalogView) => void = () => {},
): Promise<CatalogView> {
  const services = deps.config.pools.map(({ service }) => service);
  return catalogViewOf(deps, onRead, await deps.source.read(services, atLeast));
}

/** Of several services `service=version`, comma-separated. */
export function versionOf({ services }: Catalog): string {
  const [only, ...others] = services;
  if (only && others.length === 0) return only.version;
  return services.map(({ service, version }) => `${service}=${version}`).join(',');
}

/** Instances listed, usable or not. */
export function instancesIn({ services }: Catalog): number {
  return services.reduce((sum, { instances }) => sum + instances.length, 0);
}

async function catalogViewOf(
  deps: ViewDeps,
  onRead: (read: CatalogView) => void,
  reading: Reading,
  earlier?: CatalogView,
): Promise<CatalogView> {
  const looks = new Map<Look, Promise<CatalogView>>();
  const { catalog } = reading;
  const isSame =
    earlier !== undefined &&
    catalog.services.every(({ instances }, at) => instances === earlier.catalog.services[at]?.instances);
  const catalogView: CatalogView = {
    catalog,
    hasMoved: () => reading.hasMoved(),
    ...(reading.isOutdated ? { isOutdated: reading.isOutdated } : {}),
    // Asking for rights changes nothing but how far absences may be believed.
    view: isSame ? { ...earlier.view, absences: absencesOf(catalog) } : await resolveNames(deps, catalog),
    look(what) {
      const looked =
        looks.get(what) ??
        reading.look(what).then((closer) => catalogViewOf(deps, onRead, closer, catalogView));
      looks.set(what, looked);
      return looked;
    },
  };
  if (!isSame) onRead(catalogView);
  return catalogView;
}

async function resolveNames({ config, resolve, admins = [] }: ViewDeps, catalog: Catalog): Promise<View> {
  const located: LocatedCatalog = locateCatalog(config, catalog);
  const answers = new Map<string, readonly string[]>();
  const lastKnown = new Map<string, readonly string[]>();
  const problems: Problem[] = [];
  const finding = findAdmins(resolve, adminsAmong(config, located, admins));
  await Promise.all(
    hostNamesOf(located).map(async (hostName) => {
      try {
        answers.set(hostName, await resolve(hostName));
      } catch (error) {
        if (error instanceof NotResolvedError) lastKnown.set(hostName, error.lastKnown);
        problems.push({ code: 'name-unresolved', hostName, detail: messageOf(error) });
      }
    }),
  );
  const own = isAnyClosed(config, located) ? ownAddresses(admins) : [];
  return viewOf(config, located, answers, { lastKnown, problems, admins: [...(await finding), ...own] });
}
