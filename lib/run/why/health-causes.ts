// Why Consul does not want it served now: node, maintenance, checks. Pure.
import type { WhyCheck } from '../../model/why.js';
import type { Cause } from '../../model/why-causes.js';
import type { WhyQuestion, Wish } from './question.js';

/** Those that decide first: a dead node's word is an old one, an operator's holds whatever checks say. */
export function healthCauses({ target: { instance }, checks }: WhyQuestion, wish: Wish): Cause[] {
  if (!instance || wish.isHealthy || !wish.deciding) return [];
  const { node, nodeIsDead, health } = instance;
  const ill = checks.filter(
    ({ status, reason }) => reason === undefined && !/^(?:passing|warning)$/.test(status),
  );
  const ofNode = ill.filter((check) => check.ofNode && check.id !== 'serfHealth');
  const own = ill.filter((check) => !check.ofNode);
  return [
    ...(nodeIsDead ? [{ code: 'node-dead', node } as const] : []),
    ...checks.flatMap((check) => maintenanceOf(check, node)),
    ...(wish.heldBy ? [{ code: 'maintenance-at-address', other: wish.heldBy.located.label } as const] : []),
    ...named(ofNode).map((check) => ({ code: 'node-critical', node, ...check }) as const),
    ...named(own).map((check) => ({ code: 'critical', ...check }) as const),
    // Its checks were not kept: nothing but its health is known.
    ...(checks.length === 0 && health === 'critical'
      ? [{ code: 'critical', check: '?', more: 0 } as const]
      : []),
    ...(checks.length === 0 && health === 'maintenance'
      ? [{ code: 'maintenance', reason: null } as const]
      : []),
  ];
}

function maintenanceOf({ reason, ofNode }: WhyCheck, node: string): Cause[] {
  if (reason === undefined) return [];
  return [ofNode ? { code: 'node-maintenance', node, reason } : { code: 'maintenance', reason }];
}

/** The first by its name, and how many more. */
function named([first, ...others]: readonly WhyCheck[]): { readonly check: string; readonly more: number }[] {
  return first ? [{ check: first.name, more: others.length }] : [];
}
