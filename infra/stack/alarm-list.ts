// Which alarms there are; infra/runbook.md has an entry for each.
import { aws_cloudwatch as cloudwatch, type aws_lambda as lambda, type aws_sqs as sqs } from 'aws-cdk-lib';
import { type AlarmSources, type AlarmSpec, functionMetric, MINUTE, ownMetric } from './alarms.js';
import type { StackSettings } from './settings.js';

/** Every alarm of a deployment. */
export function alarmsOf(settings: StackSettings, sources: AlarmSources): AlarmSpec[] {
  const { watch, resync, undelivered, failedRuns } = sources;
  return [
    {
      name: 'no-successful-resync',
      severity: 'urgent',
      meaning: 'No full run has got through for five minutes: HAProxy may hold what is no longer true.',
      metric: ownMetric(settings, 'Succeeded', 'Sum', { Function: `${settings.name}-resync` }),
      comparison: 'below',
      threshold: 1,
      breaching: 5,
      periods: 5,
      missingIsBad: true,
    },
    ...functionAlarms(settings, 'watch', watch),
    ...functionAlarms(settings, 'resync', resync),
    {
      ...base('watch-events-late', 'other', 'Events wait over 30 seconds before the watch function looks.'),
      metric: functionMetric(watch, 'AsyncEventAge', 'Maximum'),
      threshold: 30_000,
    },
    {
      ...base('schedule-undelivered', 'urgent', 'The scheduler could not start the resync function.'),
      metric: visible(undelivered),
      breaching: 1,
      periods: 1,
    },
    {
      ...base(
        'failed-runs',
        'other',
        'In the last hour runs failed, or events waited too long; the queue holds each with its reason.',
      ),
      metric: visible(failedRuns),
      breaching: 1,
      periods: 1,
    },
    ...[...new Set(settings.config.pools.map(({ backend }) => backend))].flatMap((backend) =>
      poolAlarms(settings, backend),
    ),
  ];
}

function functionAlarms(settings: StackSettings, kind: string, fn: lambda.Function): AlarmSpec[] {
  const name = `${settings.name}-${kind}`;
  return [
    {
      ...base(`errors-of-${kind}`, 'urgent', `Runs of ${name} keep failing; the last line of each says why.`),
      metric: functionMetric(fn, 'Errors', 'Sum'),
    },
    {
      ...base(`guarded-of-${kind}`, 'urgent', 'Consul lost most of a pool at once, and it was not removed.'),
      metric: ownMetric(settings, 'Guarded', 'Maximum', { Function: name }),
      breaching: 2,
    },
    {
      ...base(`throttles-of-${kind}`, 'other', `${name} is asked for while it still runs, again and again.`),
      metric: functionMetric(fn, 'Throttles', 'Sum'),
      threshold: kind === 'watch' ? 30 : 0,
    },
    {
      ...base(`duration-of-${kind}`, 'other', `Runs of ${name} take more than half of its timeout.`),
      metric: functionMetric(fn, 'Duration', 'Maximum'),
      threshold: settings.timeoutSeconds * 500,
    },
    {
      ...base(
        `events-dropped-of-${kind}`,
        'other',
        `Lambda drops events of ${name} that it could not run in time.`,
      ),
      metric: droppedUnrun(fn),
    },
  ];
}

function poolAlarms(settings: StackSettings, backend: string): AlarmSpec[] {
  const metric = (name: string, statistic: string): cloudwatch.Metric =>
    ownMetric(settings, name, statistic, { Backend: backend });
  return [
    {
      ...base(
        `unplaced-of-${backend}`,
        'urgent',
        `Healthy instances get no traffic: ${backend} has no slot for them.`,
      ),
      metric: metric('Unplaced', 'Maximum'),
    },
    {
      ...base(
        `slots-low-of-${backend}`,
        'other',
        `A range of ${backend} has fewer than ${settings.alarms.minFreeSlots} free slots on a load balancer.`,
      ),
      metric: metric('SlotsFree', 'Minimum'),
      comparison: 'below',
      threshold: settings.alarms.minFreeSlots,
      breaching: 5,
    },
    {
      ...base(
        `nobody-serves-of-${backend}`,
        'urgent',
        `${backend} answers 503 on a load balancer: no server is ready, up and of a weight above 0.`,
      ),
      metric: metric('Serving', 'Minimum'),
      comparison: 'below',
      threshold: 1,
    },
  ];
}

/**
 * Events that Lambda gave up without a run. Without retries it drops the event of every failed run too,
 * which is what Errors counts. That one is counted when the run began, the drop when it ended.
 */
function droppedUnrun(fn: lambda.Function): cloudwatch.MathExpression {
  return new cloudwatch.MathExpression({
    expression: 'FILL(dropped, 0) - FILL(failed, 0)',
    usingMetrics: {
      dropped: functionMetric(fn, 'AsyncEventsDropped', 'Sum'),
      failed: functionMetric(fn, 'Errors', 'Sum'),
    },
    period: MINUTE,
    label: 'dropped without a run',
  });
}

/** Three bad minutes out of five: what the next run mends wakes nobody. */
function base(name: string, severity: AlarmSpec['severity'], meaning: string) {
  return { name, severity, meaning, comparison: 'above', threshold: 0, breaching: 3, periods: 5 } as const;
}

function visible(queue: sqs.Queue): cloudwatch.Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' });
}
