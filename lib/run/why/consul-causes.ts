// What cannot be told because Consul cannot be read. Pure.
import type { CauseOf } from '../../model/why-causes.js';
import type { FleetLook } from '../look.js';

type Unread = CauseOf<'consul-unreadable' | 'no-leader'>;

/** `unknown`: what cannot be told. None where Consul could be read. */
export function consulCauses(
  { consulError }: Pick<FleetLook, 'consulError'>,
  unknown: Unread['unknown'],
): Unread[] {
  if (consulError === undefined) return [];
  const code = LEADERLESS.test(consulError) ? 'no-leader' : 'consul-unreadable';
  return [{ code, detail: consulError, nextStep: '', unknown }];
}

/** Consul's words, and ours for an answer of a server that knows no leader. */
const LEADERLESS = /No cluster leader|knows no leader/i;
