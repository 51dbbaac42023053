// Who keeps the fleet so, for people: the iri-lb run of this host, else the functions whose logs IRI_LB_HISTORY names.
import type { LastRun } from '../model/status.js';
import { plainText } from '../model/text.js';
import { systemClock } from '../run/system-clock.js';
import { askWhoRuns, type WhoRuns } from '../run/who-runs.js';
import { groupsOf } from './log-groups.js';
import type { LogRecord } from './logs-client.js';
import type { Terminal } from './output.js';

const HISTORY_VARIABLE = 'IRI_LB_HISTORY';
/** A full run is every minute: one that is longer ago is no run that goes, in milliseconds. */
const LOOK_BACK_MS = 600_000;

/** Throws nothing: who cannot be asked is not known. */
export async function whoRunsFor({ env, err }: Terminal): Promise<WhoRuns> {
  const nowMs = systemClock.wallMs();
  const local = await askWhoRuns(env, nowMs);
  const stack = /^aws:(.+)$/.exec(env[HISTORY_VARIABLE] ?? '')?.[1];
  if (local.runs.state !== 'unknown' || stack === undefined) return local;
  try {
    const { makeLogsClient } = await import('./logs-client.js');
    const read = makeLogsClient();
    const records = await Promise.all(groupsOf(stack).map((group) => read(group, nowMs - LOOK_BACK_MS)));
    return functionsRun(records.flat());
  } catch (error) {
    err(
      `warning: who runs is not known: ${plainText(error instanceof Error ? error.message : String(error), 300)}`,
    );
    return local;
  }
}

/** From the lines of both functions: the last run that succeeded, and whether the last of all did. */
export function functionsRun(records: readonly LogRecord[]): WhoRuns {
  const runs = records
    .flatMap(({ atMs, text }) => runOf(atMs, text))
    .sort((a, b) => a.endedAtMs - b.endedAtMs);
  const last = runs.at(-1);
  const succeeded = runs.filter(({ isWhole }) => isWhole).at(-1);
  const lastRun: LastRun | null = succeeded ? { endedAtMs: succeeded.endedAtMs, by: succeeded.by } : null;
  if (!last) return { lastRun: null, runs: { state: 'none' } };
  if (last.errors.length === 0) return { lastRun, runs: { state: 'going' } };
  return { lastRun, runs: { state: 'failing', detail: plainText(last.errors.join('; '), 500) } };
}

interface FunctionRun extends LastRun {
  /** Every load balancer was read, written and read back; somebody may have been left out, or held back. */
  readonly isWhole: boolean;
  readonly errors: readonly string[];
}

/** A line that ends a run; of any other nothing. */
function runOf(endedAtMs: number, text: string): FunctionRun[] {
  try {
    const line = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { message, functionName, outcome, errors } = line;
    if (typeof message !== 'string' || !message.startsWith('run ')) return [];
    const told = Array.isArray(errors) ? errors.map((error) => plainText(String(error))) : [];
    const isWhole = typeof outcome === 'string' && outcome !== 'failed';
    return [{ endedAtMs, isWhole, by: `function ${plainText(String(functionName))}`, errors: told }];
  } catch {
    return [];
  }
}
