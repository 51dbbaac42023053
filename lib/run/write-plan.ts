// Writes the steps of a plan to one HAProxy, each on its condition, and notes what became of each change.
import { HAProxyError, isKind } from '../haproxy/errors.js';
import { keepsConnections } from '../haproxy/idle.js';
import { readHAProxy } from '../haproxy/read.js';
import type { Refusal, Refusals, RefusedSetting } from '../haproxy/refusals.js';
import { restoreServers, writeStep } from '../haproxy/write.js';
import type { Change, ChangeResult } from '../model/change.js';
import type { Clock } from '../model/clock.js';
import type { RuntimeConnection } from '../model/runtime.js';
import { isServing, type Observed } from '../model/server.js';
import type { Condition, Step } from '../plan/steps.js';
import { nameOf } from './given-up.js';
import { forgetWeight, noteResult } from './made-changes.js';
import type { Progress } from './progress.js';
import { emptiedBy, isAwaitingChecks, type Listed } from './step-condition.js';
import type { Waits } from './waits.js';

export interface WriteDeps {
  readonly connection: RuntimeConnection;
  readonly clock: Clock;
  readonly waits: Waits;
  readonly addressTimeoutMs: number;
  readonly progress: Progress;
  /** Takes note of changes that are about to be written. */
  note(changes: readonly Change[]): void;
}

/** What became of a plan. */
export interface Written {
  /** Whether anything was written at all. */
  readonly wrote: boolean;
  /** Who left and stays, since nobody else serves, by backend: `backend/slot`. */
  readonly kept: ReadonlyMap<string, readonly string[]>;
  /** Why a server is not as planned, by `backend/slot`. */
  readonly words: ReadonlyMap<string, string>;
}

/** Throws what the connection throws. */
export async function writeSteps(
  deps: WriteDeps,
  steps: readonly Step[],
  { process, backends }: Observed,
): Promise<Written> {
  const { connection, clock, waits, progress, addressTimeoutMs, note } = deps;
  const kept = new Map<string, readonly string[]>();
  const words = new Map<string, string>();
  let wrote = false;
  let listed: Listed = backends;
  for (const [number, { changes, condition }] of steps.entries()) {
    if (number > 0 || condition !== 'none') listed = await list(connection, changes);
    let emptied: readonly string[] = [];
    if (condition !== 'none') ({ emptied, listed } = await whoWaits(deps, changes, condition, listed));
    note(changes);
    const allowed = changes.filter(({ backend }) => !emptied.includes(backend));
    for (const backend of emptied) {
      const staying = changes.filter((change) => change.backend === backend);
      const leaving = staying.filter(({ action }) => action === 'remove').map(nameOf);
      kept.set(backend, [...(kept.get(backend) ?? []), ...leaving]);
      for (const change of staying) {
        words.set(nameOf(change), keptWords(backend));
        noteResult(progress.changes, change, 'skipped', keptWords(backend));
      }
    }
    const refused = await writeStep(connection, allowed, {
      clock,
      addressTimeoutMs,
      listed,
      keepsConnections: keepsConnections(process.version),
      wait: (isOver) => waits.until('requests', isOver),
    }).catch((error: unknown) => {
      throw isKind(error, 'timeout') ? unknownEnd(error) : error;
    });
    const restored = await restore(deps, allowed, refused);
    for (const change of allowed) {
      const name = nameOf(change);
      const { result, error } = resultOf(change, refused.get(name), restored.has(name));
      if (error !== undefined) words.set(name, error);
      if (result !== 'skipped') wrote = true;
      if (refused.stops(name)) progress.doubtful.add(change.backend);
      noteResult(progress.changes, change, result, error);
      noteOutcome(progress, change, refused, result);
      if (restored.has(name)) noteUnfinished(progress, change, refused.get(name));
    }
  }
  return { wrote, kept, words };
}

const keptWords = (backend: string): string => `kept, since nobody else of ${backend} serves`;
const RESTORED = 'left ready at the address that it shows, since nobody else serves';

/** What HAProxy was sent before it hung, it may still carry out. */
const unknownEnd = ({ address, kind, detail }: HAProxyError): HAProxyError =>
  new HAProxyError(
    address,
    kind,
    detail,
    'what it was sent last may still take effect: run again once it answers',
  );

async function list(connection: RuntimeConnection, changes: readonly Change[]): Promise<Listed> {
  return (await readHAProxy(connection, [...new Set(changes.map(({ backend }) => backend))])).backends;
}

/** The backends whose changes may not be written yet, once newcomers have had time for their first check. */
async function whoWaits(
  { connection, waits, progress }: WriteDeps,
  changes: readonly Change[],
  planned: Condition,
  first: Listed,
): Promise<{ readonly emptied: readonly string[]; readonly listed: Listed }> {
  const { givenUp, doubtful } = progress;
  const leaving = new Set([...planned.leaving, ...givenUp.slots]);
  const condition: Condition = { ...planned, leaving };
  let listed = first;
  let emptied = emptiedBy(changes, condition, listed, doubtful);
  if (emptied.length > 0 && isAwaitingChecks(emptied, progress.started, listed))
    await waits.until('checks', async () => {
      listed = await list(connection, changes);
      emptied = emptiedBy(changes, condition, listed, doubtful);
      return emptied.length === 0 || !isAwaitingChecks(emptied, progress.started, listed);
    });
  return { emptied, listed };
}

/**
 * A takeover that could not be finished leaves its slot in maintenance, free; where nobody else of the backend
 * serves it is made ready again, at whatever address it shows. Gives their names.
 */
async function restore(
  { connection, progress }: WriteDeps,
  changes: readonly Change[],
  refused: Refusals,
): Promise<ReadonlySet<string>> {
  const unfinished = new Set(refused.names('failed', 'busy'));
  const slots = changes.filter((change) => change.action === 'remove' && unfinished.has(nameOf(change)));
  if (slots.length === 0) return new Set();
  const listed = await list(connection, slots);
  const restored = slots.filter(({ backend, slot }) => {
    const servers = listed.get(backend) ?? [];
    return (
      !servers.some(isServing) && servers.some((one) => one.slot === slot && one.state === 'maintenance')
    );
  });
  await restoreServers(connection, restored);
  for (const change of restored) progress.givenUp.slots.add(nameOf(change));
  return new Set(restored.map(nameOf));
}

function resultOf(
  { action }: Change,
  refusal: Refusal | undefined,
  restored: boolean,
): { readonly result: ChangeResult; readonly error?: string } {
  if (restored && action === 'remove') return { result: 'skipped', error: RESTORED };
  if (refusal === undefined) return { result: 'done' };
  const { kind, words } = refusal;
  // Whoever left is in maintenance, whatever became of who was to take over.
  if (action === 'remove' && !refusal.stayed && (kind === 'failed' || kind === 'busy'))
    return { result: 'done' };
  return { result: kind === 'failed' || kind === 'setting' ? 'failed' : 'skipped', error: words };
}

/** One that has to wait for requests is unplaced, which is told as such. */
function noteUnfinished(
  { failures }: Progress,
  { backend, slot, instance, action }: Change,
  refusal: Refusal | undefined,
): void {
  if (action === 'remove' || refusal?.kind !== 'failed') return;
  const facts = { backend, slot, instance: instance ?? '-' };
  failures.push({ code: 'takeover-unfinished', ...facts, detail: refusal.words });
}

/** What the rest of the run, and the next plan, have to know of a change. */
function noteOutcome(progress: Progress, change: Change, refused: Refusals, result: ChangeResult): void {
  const { givenUp, started, unplaced } = progress;
  const { backend, slot, instance, after } = change;
  if (after.state !== 'ready') return;
  const name = nameOf(change);
  const refusal = refused.get(name);
  const key = `${backend} ${instance}`;
  if (refusal?.kind === 'busy') {
    givenUp.slots.add(name);
    unplaced.set(key, { code: 'slot-busy', backend, instance: instance ?? '-', slot, detail: refusal.words });
  } else if (result === 'done' || refusal?.kind === 'setting') {
    started.add(name);
    unplaced.delete(key);
  }
  for (const setting of refused.settings)
    if (setting.name === name) noteSetting(progress, change, name, setting);
}

function noteSetting(
  { changes, givenUp, problems }: Progress,
  change: Change,
  name: string,
  setting: RefusedSetting,
): void {
  const { backend, slot, instance } = change;
  const key = `${name} ${setting.setting}`;
  const isKnown = givenUp.staticBackends.has(backend) || givenUp.settings.has(key);
  if (setting.isStatic) {
    if (!givenUp.staticBackends.has(backend)) problems.push({ code: 'balance-static', backend });
    givenUp.staticBackends.add(backend);
    forgetWeight(changes, change);
  } else if (!isKnown) {
    givenUp.settings.set(key, setting);
    const facts = { backend, slot, instance: instance ?? '-' };
    problems.push({ code: 'setting-refused', ...facts, detail: setting.words });
  }
}
