// A run's metrics in CloudWatch's embedded metric format: log lines that CloudWatch makes metrics of. Pure.
import type { Action } from '../model/change.js';
import type { LoadBalancerReport, PoolReport, Report } from '../model/report.js';
import { countActions, type RunContext } from './lines.js';

const ACTION_METRICS: Readonly<Record<Action, string>> = {
  add: 'Added',
  update: 'Updated',
  enable: 'Enabled',
  disable: 'Disabled',
  remove: 'Removed',
};

type Unit = 'Count' | 'Milliseconds' | 'Seconds';
type Metrics = Readonly<Record<string, readonly [value: number, unit: Unit]>>;

/** A line of the embedded metric format: `_aws` says which of the members beside it are metrics. */
export type MetricLine = Readonly<Record<string, unknown>>;

/** What the lines of one run have in common. */
export interface MetricScope {
  readonly namespace: string;
  readonly context: RunContext;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Since the handler began, in milliseconds, by a clock that never jumps. */
  readonly elapsedMs: number;
}

/**
 * The metrics of a finished run: per function, per load balancer, per pool. A pool's are also given
 * without the load balancer, so that an alarm need not know which load balancers there are. What is
 * known of a pool does not depend on which function looked, so the function is no dimension there:
 * every combination of dimensions is a metric that is paid for.
 *
 * StartToApplied is the part of the lag from catalog to HAProxy that a function can see: from the start of
 * the handler until the changes were read back. An event names an index, not a time; how long it waited
 * before is Lambda's own AsyncEventAge, and what Consul and the forwarder take nobody in AWS sees.
 *
 * A run has succeeded when every load balancer was known, read, written and read back. What was left out or held
 * back fails the invocation too, but has metrics of its own (Unplaced, Guarded): while it lasts, the
 * silence of runs that get nowhere must still be heard.
 */
export function metricsOf(report: Report, scope: MetricScope): MetricLine[] {
  const { consul, loadBalancers } = report;
  const succeeded = consul.error === undefined && loadBalancers.every(({ outcome }) => outcome !== 'failed');
  const changed = loadBalancers.some(({ changes }) => changes.length > 0);
  return [
    runMetrics(scope, succeeded, {
      RunDuration: [report.durationMs, 'Milliseconds'],
      Instances: [report.consul.instances, 'Count'],
      ...(changed && succeeded ? { StartToApplied: [scope.elapsedMs, 'Milliseconds'] } : {}),
    }),
    ...loadBalancers.flatMap((loadBalancer) => [
      loadBalancerMetrics(loadBalancer, scope),
      ...loadBalancer.pools.map((pool) => poolMetrics(loadBalancer.address, pool, scope)),
    ]),
  ];
}

/** The metrics of an invocation that ended without a report. */
export function failureMetrics(scope: MetricScope): MetricLine {
  return runMetrics(scope, false, {});
}

/** The metrics of an event that an earlier run had dealt with. */
export function coveredMetrics(scope: MetricScope): MetricLine {
  return runMetrics(scope, true, { Covered: [1, 'Count'] });
}

function runMetrics(scope: MetricScope, succeeded: boolean, metrics: Metrics): MetricLine {
  const { functionName, requestId } = scope.context;
  return embed(
    scope,
    { Function: functionName },
    [['Function']],
    { requestId },
    {
      Succeeded: [succeeded ? 1 : 0, 'Count'],
      ...(succeeded ? { LastSuccess: [Math.floor(scope.now / 1000), 'Seconds'] } : {}),
      ...metrics,
    },
  );
}

function loadBalancerMetrics(loadBalancer: LoadBalancerReport, scope: MetricScope): MetricLine {
  // A metric is paid for by the hour in which it has a value: actions that did not happen have none. What
  // an alarm looks at always has one, since alarms read sparse data as if old values were new.
  const actions = Object.entries(countActions([loadBalancer])).filter(([, count]) => count > 0);
  const { functionName, requestId } = scope.context;
  const dimensions = { Function: functionName, LoadBalancer: loadBalancer.address };
  return embed(
    scope,
    dimensions,
    [['Function', 'LoadBalancer'], ['Function']],
    { requestId },
    {
      ...Object.fromEntries(
        actions.map(([action, count]) => [ACTION_METRICS[action as Action], [count, 'Count']] as const),
      ),
      Guarded: [loadBalancer.outcome === 'guarded' ? 1 : 0, 'Count'],
      Failed: [loadBalancer.outcome === 'failed' ? 1 : 0, 'Count'],
    },
  );
}

function poolMetrics(address: string, pool: PoolReport, scope: MetricScope): MetricLine {
  const dimensions = { LoadBalancer: address, Backend: pool.backend };
  return embed(
    scope,
    dimensions,
    [['LoadBalancer', 'Backend'], ['Backend']],
    {},
    {
      SlotsInUse: [pool.slots - pool.free, 'Count'],
      ...slotsFree(pool),
      Ready: [pool.ready, 'Count'],
      Serving: [pool.serving, 'Count'],
      Held: [pool.held, 'Count'],
      Unplaced: [pool.unplaced.length, 'Count'],
    },
  );
}

/**
 * Of the range that has the fewest, since no other helps an instance that needs it. A range that HAProxy
 * lacks does not count: whoever needs that one is unplaced.
 */
function slotsFree({ ranges }: PoolReport): Metrics {
  const free = ranges.filter(({ slots }) => slots > 0).map((range) => range.free);
  return free.length > 0 ? { SlotsFree: [Math.min(...free), 'Count'] } : {};
}

/** CloudWatch user guide, "Embedded metric format: specification"; `_aws.Timestamp` is in milliseconds. */
function embed(
  { namespace, now }: MetricScope,
  dimensions: Readonly<Record<string, string>>,
  sets: readonly (readonly string[])[],
  properties: Readonly<Record<string, string>>,
  metrics: Metrics,
): MetricLine {
  return {
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: sets,
          Metrics: Object.entries(metrics).map(([Name, [, Unit]]) => ({ Name, Unit })),
        },
      ],
    },
    ...dimensions,
    ...properties,
    ...Object.fromEntries(Object.entries(metrics).map(([name, [value]]) => [name, value])),
  };
}
