// The table of pools, counted on each load balancer. Pure.
import type { PoolStatus, Status } from '../model/status.js';
import { columnsOf, type Look } from './status-look.js';
import { readIn } from './status-rows.js';
import type { Cell, Column } from './table.js';

/** A line per pool and load balancer; those that agree are one. */
export function poolColumns(status: Status, look: Look): Column[] {
  const { paint, names } = look;
  const groups = new Map<string, { readonly pool: PoolStatus; readonly on: string[] }>();
  const order = new Set(readIn(status).flatMap(({ pools }) => pools.map(({ backend }) => backend)));
  for (const backend of order)
    for (const { address, pools } of readIn(status)) {
      const pool = pools.find((one) => one.backend === backend);
      if (!pool) continue;
      const key = `${backend} ${countsOf(pool).join(' ')}`;
      const group = groups.get(key);
      if (group) group.on.push(address);
      else groups.set(key, { pool, on: [address] });
    }
  const all = status.loadBalancers.length;
  const number = (head: string, rank: number, of: (pool: PoolStatus) => Cell) => ({
    ...{ head, rank, right: true },
    of: ({ pool }: { readonly pool: PoolStatus }) => of(pool),
  });
  const warn = (count: number): Cell =>
    count > 0 ? { text: `${count}`, paint: paint.yellow } : { text: '0' };
  return columnsOf(
    [...groups.values()],
    look,
    ({ pool, on }) => [`pool ${pool.backend} ${on.join(' ')}`, countsOf(pool).join(' ')],
    [
      { head: 'POOL', rank: 0, of: ({ pool }) => ({ text: pool.backend }) },
      // Where they differ, it is the name that tells who.
      {
        head: 'LOAD BALANCER',
        rank: groups.size > order.size ? 2 : 4,
        of: ({ on }) => ({ text: nameOfAll(on, all, names) }),
      },
      number('SERVING', 1, (pool) => ({
        text: `${pool.serving}`,
        paint: pool.unserved ? paint.red : pool.serving < pool.ready ? paint.yellow : paint.green,
      })),
      number('READY', 3, ({ ready }) => ({ text: `${ready}` })),
      number('MAINT', 6, ({ maintenance, free }) => ({ text: `${Math.max(0, maintenance - (free ?? 0))}` })),
      number('HELD', 5, ({ held }) => warn(held)),
      number('UNPLACED', 5, ({ unplaced }) => (unplaced === null ? { text: '?' } : warn(unplaced.length))),
      number('FREE', 7, ({ free }) => ({ text: free === null ? '?' : `${free}` })),
    ],
  );
}

const countsOf = ({ serving, ready, maintenance, held, unplaced, free, unserved }: PoolStatus) => [
  ...[serving, ready, maintenance, held, unplaced?.length ?? '?', free ?? '?', unserved],
];

/** `both`, `all 4`, or their names. */
export function nameOfAll(on: readonly string[], all: number, names: ReadonlyMap<string, string>): string {
  if (on.length === all && all > 1) return all === 2 ? 'both' : `all ${all}`;
  return on.map((address) => names.get(address) ?? address).join(', ');
}
