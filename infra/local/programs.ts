// Where the programs are that this runs: HAPROXY_BIN and CONSUL_BIN, else the PATH, else Debian's folders.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps haproxy in /usr/sbin, which is not in the PATH of its users. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The HAProxy that everything here runs. */
export const haproxyBin = (): string => process.env.HAPROXY_BIN || find('haproxy');

export const consulBin = (): string => process.env.CONSUL_BIN || find('consul');

function find(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? name;
}
