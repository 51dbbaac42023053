// What is known of who keeps the fleet so: the iri-lb run of this host is asked what it says of itself.
import type { LastRun } from '../model/status.js';
import { plainText } from '../model/text.js';
import { pausedText } from '../model/when.js';
import type { RunsKnown } from '../model/why.js';
import { type LocalRun, readLocalRun } from './local-run.js';

export interface WhoRuns {
  /** The last run that is known to have succeeded; null: none is. */
  readonly lastRun: LastRun | null;
  readonly runs: RunsKnown;
}

export const NOBODY_KNOWN: WhoRuns = { lastRun: null, runs: { state: 'unknown' } };

/** Asks the run that IRI_LB_RUN names, by default that of this host. Throws nothing. */
export async function askWhoRuns(
  env: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): Promise<WhoRuns> {
  const run = await readLocalRun(env);
  return run ? whoRuns(run, nowMs) : NOBODY_KNOWN;
}

export function whoRuns({ lastSuccessMs, paused, failing }: LocalRun, nowMs: number): WhoRuns {
  const lastRun = lastSuccessMs === undefined ? null : { endedAtMs: lastSuccessMs, by: 'the local run' };
  if (paused) return { lastRun, runs: { state: 'paused', detail: plainText(pausedText(paused, nowMs)) } };
  if (!failing) return { lastRun, runs: { state: 'going' } };
  return { lastRun, runs: { state: 'failing', detail: plainText(failing.errors.join('; '), 500) } };
}
