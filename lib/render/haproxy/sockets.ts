// The `stats socket` lines: for runs, for people, and for who only looks. Pure.
import type { FrontendSettings } from '../settings.js';

/** One client at a time; whoever waits for its turn does so here, where HAProxy would refuse the fourth (2.6 to 3.4). */
export const EXCLUSIVE = 'level admin maxconn 1 backlog 64';

/** Those that runs and who looks at the fleet need, for a `global` section that this project did not write. */
export function fleetSocketLines({ admin, process }: FrontendSettings): string[] {
  const access = accessOf({ admin, process });
  return [
    // One client at a time: a run reads, plans, writes and verifies in one connection, undisturbed.
    `stats socket ${admin.bind}${accessTo(admin.bind, access)} ${EXCLUSIVE}`,
    ...(admin.read === null ? [] : [`stats socket ${admin.read}${accessTo(admin.read, access)} level user`]),
    `stats timeout ${admin.idleSeconds}s`,
  ];
}

/** All of them. */
export function socketLines(settings: FrontendSettings): string[] {
  const { unix } = settings.admin;
  const [runs = '', ...others] = fleetSocketLines(settings);
  const people =
    unix === null ? [] : [`stats socket ${unix}${accessOf(settings)} level admin expose-fd listeners`];
  return [runs, ...people, ...others];
}

/** Sockets are made before root is given up; without a group they are root's, and no gateway gets in. */
const accessOf = ({ admin, process }: Pick<FrontendSettings, 'admin' | 'process'>): string =>
  `${process.group === null ? '' : ` group ${process.group}`} mode ${admin.unixMode}`;

const accessTo = (socket: string, access: string): string => (socket.startsWith('/') ? access : '');
