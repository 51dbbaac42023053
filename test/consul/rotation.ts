// Watches from beside, on HAProxy's own socket, whether servers stay in rotation.
import { setTimeout as pause } from 'node:timers/promises';
import type { HAProxy } from '../../infra/local/haproxy.js';

/** From one look to the next, in milliseconds. */
const EVERY_MS = 5;

export interface Rotation {
  /** `backend/slot` of the servers watched. */
  readonly slots: ReadonlySet<string>;
  /** Looks so far. */
  readonly looks: () => number;
  /** `backend/slot address:port` of those that were not in rotation, or elsewhere, at any look. */
  readonly left: () => readonly string[];
  /** Seconds since any of the servers changed its state last, by HAProxy's own count. */
  unchangedFor(): Promise<number>;
  stop(): Promise<void>;
}

/** Watches the slots in which these addresses (`address:port`) are ready now. */
export async function watchRotation(haproxy: HAProxy, addresses: readonly string[]): Promise<Rotation> {
  const watched = [...(await inRotation(haproxy))].filter((server) =>
    addresses.some((address) => server.endsWith(` ${address}`)),
  );
  const slots = new Set(watched.map((server) => server.split(' ')[0] ?? ''));
  const left = new Set<string>();
  let looks = 0;
  let going = true;
  const ended = (async () => {
    while (going) {
      const now = await inRotation(haproxy);
      for (const server of watched) if (!now.has(server)) left.add(server);
      looks += 1;
      await pause(EVERY_MS);
    }
  })();
  return {
    slots,
    looks: () => looks,
    left: () => [...left],
    unchangedFor: async () => {
      const servers = rowsOf(await haproxy.query('show stat'), ',');
      const ours = servers.filter(({ pxname, svname }) => slots.has(`${pxname}/${svname}`));
      if (ours.length !== slots.size) throw new Error(`${ours.length} of ${slots.size} slots in show stat`);
      return Math.min(...ours.map(({ lastchg }) => Number(lastchg)));
    },
    stop: () => {
      going = false;
      return ended;
    },
  };
}

/** Ready and running, as `backend/slot address:port`. */
async function inRotation(haproxy: HAProxy): Promise<Set<string>> {
  const listing = (await haproxy.query('show servers state')).replace(/^1\n/, '');
  const servers = rowsOf(listing, ' ').filter(
    ({ srv_admin_state, srv_op_state }) => (Number(srv_admin_state) & 0x3b) === 0 && srv_op_state === '2',
  );
  return new Set(
    servers.map(
      ({ be_name, srv_name, srv_addr, srv_port }) => `${be_name}/${srv_name} ${srv_addr}:${srv_port}`,
    ),
  );
}

/** The rows of a listing whose first line names the columns after `# `. */
function rowsOf(listing: string, separator: string): Readonly<Record<string, string>>[] {
  const [header = '', ...rows] = listing.trim().split('\n');
  const names = header.replace('# ', '').split(separator);
  return rows.map((row) =>
    Object.fromEntries(row.split(separator).map((value, index) => [names[index] ?? '', value])),
  );
}
