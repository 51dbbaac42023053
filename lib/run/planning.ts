// Plans, and looks closer at the source where the plan needs that before it may take anything away.
import type { Observed } from '../model/server.js';
import type { Look } from '../model/source.js';
import { type Plan, type Policy, plan } from '../plan/plan.js';
import type { CatalogView } from './views.js';

export interface Planned {
  readonly plan: Plan;
  /** What was planned on at last. Further rounds of a run go on from it. */
  readonly catalogView: CatalogView;
}

/** In this order: rights cost one request, the second look a read and a quarter of a second. */
const LOOKS: readonly Look[] = ['rights', 'second-look'];

/** Throws what the source throws. */
export async function planOn(first: CatalogView, observed: Observed, policy: Policy): Promise<Planned> {
  let catalogView = first;
  let planned = plan(catalogView.view, observed, policy);
  for (const look of LOOKS) {
    if (planned.needs !== look) continue;
    catalogView = await catalogView.look(look);
    planned = plan(catalogView.view, observed, policy);
  }
  if (planned.needs !== 'nothing')
    throw new Error(`the source did not say more when asked for ${planned.needs}`);
  return { plan: planned, catalogView };
}
