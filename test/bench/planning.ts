// Planning alone, on data in memory, from 1,000 to 100,000 instances.
import * as v from 'valibot';
import { type Config, configSchema } from '../../lib/config/pools.js';
import { parseRows } from '../../lib/consul/rows.js';
import { iriLayout } from '../../lib/iri/layout.js';
import type { Observed, ObservedServer } from '../../lib/model/server.js';
import { type Plan, plan } from '../../lib/plan/plan.js';
import { locateCatalog, viewOf } from '../../lib/plan/view.js';
import { row } from '../simulation/row.js';
import { median, type Part, type Row, rowOf, timed } from './measure.js';

const SIZES = [1_000, 3_000, 10_000, 30_000, 100_000];
const PREFIX = 'irisrv';

/** From Consul's rows to the list of changes, for both pools of the IRI layout. */
export async function benchPlanning(runs: number): Promise<Part> {
  const config = v.parse(configSchema, iriLayout);
  const rows: Row[] = [];
  for (const [name, isFull] of [
    ['fill', false],
    ['nothing to do', true],
  ] as const) {
    const perInstance: number[] = [];
    for (const size of SIZES) {
      const catalog = rowsOf(size);
      const empty = emptySlots(config, size);
      const observed = isFull ? filled(empty, planFrom(config, catalog, empty)) : empty;
      const times: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        times.push(((await timed(async () => planFrom(config, catalog, observed))) * 1000) / size);
      }
      perInstance.push(median(times));
      const what = `${name}, ${size.toLocaleString('en')} instances`;
      const ratio = { to: `that of ${SIZES[0]?.toLocaleString('en')}`, median: ratioOf(perInstance) };
      rows.push({ ...rowOf(what, 'µs per instance', times), ...(size === SIZES[0] ? {} : { ratio }) });
    }
  }
  return { title: 'planning alone, two pools', rows };
}

const ratioOf = (values: readonly number[]): number => (values.at(-1) ?? 0) / (values[0] ?? 1);

function planFrom(config: Config, rows: readonly unknown[], observed: Observed): Plan {
  const { instances } = parseRows('iri', rows);
  const absence = { believed: 'yes' } as const;
  const catalog = { services: [{ service: 'iri', instances, absence, version: '1' }], problems: [] };
  const view = viewOf(config, locateCatalog(config, catalog), new Map());
  return plan(view, observed, { pools: config.pools, force: false });
}

function rowsOf(size: number): unknown[] {
  return Array.from({ length: size }, (_, at) =>
    row({
      node: `node-${at % 100}`,
      id: `iri-${at}`,
      address: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
      tags: ['haproxy.pow=true', 'haproxy.weight=2'],
    }),
  );
}

function emptySlots({ pools }: Config, size: number): Observed {
  const slot = { address: '0.0.0.0', port: 0, weight: 1, maxconn: 0, state: 'maintenance' } as const;
  const rest = { sessions: 0, status: 'MAINT', tls: false };
  const servers = (): ObservedServer[] =>
    Array.from({ length: size }, (_, at) => ({ slot: `${PREFIX}${at + 1}`, ...slot, ...rest }));
  return {
    process: { version: '3.0', pid: 1, uptimeSeconds: 1, node: 'bench', stopping: false },
    backends: new Map(pools.map(({ backend }) => [backend, servers()])),
  };
}

/** What HAProxy lists once the plan is done. */
function filled({ process, backends }: Observed, { pools }: Plan): Observed {
  const next = new Map(
    pools.map(({ backend, changes }) => {
      const after = new Map(changes.map((change) => [change.slot, change.after]));
      const servers = (backends.get(backend) ?? []).map((server) => ({
        ...server,
        ...after.get(server.slot),
      }));
      return [backend, servers] as const;
    }),
  );
  return { process, backends: next };
}
