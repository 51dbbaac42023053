// How tables of requests say what became of each.
import type { Answer } from './client.js';
import type { Rig } from './rig.js';

/** A node's name where one answered, else the status. */
export const outcome = ({ node, status }: Answer): string | number => node ?? status;

/** How many requests reached any node so far. */
export function arrivals({ nodes }: Rig): number {
  return Object.values(nodes)
    .flat()
    .reduce((sum, node) => sum + node.arrivals.length, 0);
}

/** A proof of work of `size` bytes in all. */
export function bodyOf(size: number): string {
  const [head, tail] = ['{"command":"attachToTangle","trytes":["', '"]}'];
  return head + '9'.repeat(size - head.length - tail.length) + tail;
}
