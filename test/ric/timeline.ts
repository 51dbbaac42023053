// Where the time of a cold start goes, from what passed at the edges.
import type { Rig } from './rig.js';
import type { Passage } from './tap.js';

export interface Edges {
  readonly store: readonly Passage[];
  readonly consul: readonly Passage[];
  readonly haproxy: readonly Passage[];
}

/** What has passed since it was asked last. */
export function edgesOf({ taps }: Rig): Edges {
  return { store: taps.store.take(), consul: taps.consul.take(), haproxy: taps.haproxy.take() };
}

/** Commands that write, however they were packed. */
export function writesOf({ haproxy }: Edges): number {
  const sent = Buffer.concat(haproxy.filter(({ kind }) => kind === 'asked').map(({ bytes }) => bytes));
  return sent.toString('latin1').match(/^set (?:server|maxconn)/gm)?.length ?? 0;
}

/**
 * Prints the parts. The function is loaded before it has an event; with the event it connects to HAProxy
 * and meanwhile fetches the token and reads Consul; then it writes.
 */
export function printParts(name: string, loadMs: number, eventAt: number, edges: Edges): void {
  const commandAt = edges.haproxy.find(({ kind }) => kind === 'asked')?.at ?? Number.NaN;
  const tokenAt = lastAnswer(edges.store);
  const consulAt = lastAnswer(edges.consul);
  const writeAt = edges.haproxy.find(({ bytes }) => bytes.includes('set server'))?.at ?? Number.NaN;
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const parts = [
    `load ${ms(loadMs)}`,
    `token ${ms(tokenAt - eventAt)}`,
    `Consul ${ms(consulAt - tokenAt)}`,
    `HAProxy ${ms(writeAt - consulAt)}`,
  ];
  console.log(`     ${name}: ${ms(loadMs + commandAt - eventAt)} to the first command at HAProxy,`);
  console.log(`     ${ms(loadMs + writeAt - eventAt)} to the first that writes: ${parts.join(', ')}`);
}

function lastAnswer(passages: readonly Passage[]): number {
  return passages.filter(({ kind }) => kind === 'answered').at(-1)?.at ?? Number.NaN;
}
