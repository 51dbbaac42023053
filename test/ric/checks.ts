// What must hold of each function under the real runtime: cold, warm, success, failure, logs.
import type { Harness } from '../../infra/local/harness.js';
import type { RuntimeClient } from './cache.js';
import { type RunningFunction, startFunction } from './function.js';
import type { Rig } from './rig.js';
import type { Outcome } from './runtime-api.js';
import { edgesOf, printParts, writesOf } from './timeline.js';

/** Counts what holds and what does not, and shows `got` in the latter case. */
export type Check = (name: string, got: unknown, holds: boolean) => void;

export interface Checked {
  readonly harness: Harness;
  readonly client: RuntimeClient;
  readonly rig: Rig;
  readonly bundle: string;
  readonly check: Check;
}

interface ReportBody {
  readonly covered?: boolean;
  readonly consul: { readonly index: string };
  readonly loadBalancers: readonly { readonly outcome: string; readonly changes: readonly unknown[] }[];
}

/** The scheduled function: fills HAProxy cold, finds nothing to do warm, fails clearly, recovers. */
export async function resyncChecks(checked: Checked): Promise<void> {
  const { harness, client, rig, bundle, check } = checked;
  await rig.add(20_001);
  const fn = await startFunction(harness, client, 'iri-lb-resync', bundle, rig.env);
  const loadMs = await fn.loadMs;
  const cold = await fn.invoke({ source: 'aws.scheduler' });
  const edges = edgesOf(rig);
  check('resync, cold: fills HAProxy', cold, outcomeOf(cold) === 'changed');
  check('resync, cold: fetches the token once', edges.store, rig.store.requests === 1);
  printParts('cold start of resync', loadMs, cold.from, edges);

  const warm = await fn.invoke({});
  const again = edgesOf(rig);
  check(
    'resync, warm: nothing to do, nothing written',
    warm,
    outcomeOf(warm) === 'unchanged' && writesOf(again) === 0,
  );
  check('resync, warm: keeps the token', again.store, rig.store.requests === 1);
  console.log(`     warm run of resync: ${(warm.to - warm.from).toFixed(0)} ms`);

  await rig.haproxy.stop();
  const failed = await fn.invoke({});
  check(
    'resync: says which load balancer failed',
    failed,
    /^haproxy tcp:\/\/127\.0\.0\.1:\d+: /.test(errorOf(failed)),
  );
  await rig.haproxy.restart();
  const recovered = await fn.invoke({});
  check('resync: fills HAProxy again after its restart', recovered, outcomeOf(recovered) === 'changed');
  logChecks('resync', fn, [cold, warm, failed, recovered], checked);
  await fn.stop();

  const broken = await startFunction(harness, client, 'iri-lb-resync', bundle, {
    ...rig.env,
    HAPROXY_ADDRESSES: 'moon',
    CONSUL_HTTP_ADDR: 'ftp://x',
  });
  const refused = await broken.invoke({});
  const names = ['HAPROXY_ADDRESSES: "moon"', 'CONSUL_HTTP_ADDR: "ftp://x"'];
  check(
    'resync: names every bad variable',
    refused,
    names.every((name) => errorOf(refused).includes(name)),
  );
  await broken.stop();
}

/** The function behind the watch: applies an event cold, answers a second one as covered, refuses junk. */
export async function watchChecks(checked: Checked): Promise<void> {
  const { harness, client, rig, bundle, check } = checked;
  await rig.add(20_002);
  edgesOf(rig);
  const fn = await startFunction(harness, client, 'iri-lb-watch', bundle, rig.env);
  const loadMs = await fn.loadMs;
  const cold = await fn.invoke({ service: 'iri', index: '0' });
  check('watch, cold: applies what is new', cold, changesOf(cold) === 1);
  printParts('cold start of watch', loadMs, cold.from, edgesOf(rig));

  const warm = await fn.invoke({ service: 'iri', index: indexOf(cold) });
  const covered = (warm.body as Partial<ReportBody> | undefined)?.covered === true;
  check(
    'watch, warm: the same event is covered, HAProxy is not asked',
    warm,
    covered && edgesOf(rig).haproxy.length === 0,
  );

  await rig.add(20_003);
  const next = await fn.invoke({ service: 'iri', index: indexOf(cold) });
  check('watch, warm: an old event still applies what is new', next, changesOf(next) === 1);

  const empty = await fn.invoke({});
  check('watch: an event that says nothing is a run', empty, outcomeOf(empty) === 'unchanged');

  const junk = await fn.invoke({ service: 'iri' });
  check('watch: refuses an event without an index', junk, errorOf(junk).includes('index'));
  await rig.consul.stop();
  const failed = await fn.invoke({ service: 'iri', index: '0' });
  check(
    'watch: says that Consul is not there',
    failed,
    errorOf(failed).includes('service iri: http://127.0.0.1:'),
  );
  logChecks('watch', fn, [cold, warm, next, empty, junk, failed], checked);
  await fn.stop();
}

/** Every line is JSON, metrics are not wrapped, every request is told of, the token is nowhere. */
function logChecks(
  kind: string,
  fn: RunningFunction,
  outcomes: readonly Outcome[],
  { rig, check }: Checked,
): void {
  const text = fn.log();
  const lines = text.trim().split('\n').map(parse);
  check(
    `${kind}: logs JSON and nothing else`,
    text,
    lines.every((line) => line !== undefined),
  );
  const metrics = lines.filter((line) => line !== undefined && '_aws' in line);
  check(`${kind}: metrics are lines of their own`, lines, metrics.length >= outcomes.length);
  const told = outcomes.every(({ requestId }) =>
    lines.some((line) => line?.requestId === requestId && line.level),
  );
  check(`${kind}: tells of every request by its id`, text, told);
  const said = text + JSON.stringify(outcomes);
  check(`${kind}: the token is in no line and no result`, '(not shown)', !said.includes(rig.token));
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function bodyOf({ kind, body }: Outcome): ReportBody | undefined {
  return kind === 'response' ? (body as ReportBody) : undefined;
}

function outcomeOf(outcome: Outcome): string | undefined {
  return bodyOf(outcome)?.loadBalancers[0]?.outcome;
}

function changesOf(outcome: Outcome): number {
  return bodyOf(outcome)?.loadBalancers[0]?.changes.length ?? 0;
}

function indexOf(outcome: Outcome): string {
  return bodyOf(outcome)?.consul.index ?? '0';
}

function errorOf({ kind, body }: Outcome): string {
  return kind === 'error' ? String((body as { errorMessage?: unknown }).errorMessage) : '';
}
