// The dashboard: slots in use and ready by pool, lag, errors, alarms.
import { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type AlarmSources, functionMetric, MINUTE, ownMetric } from './alarms.js';
import { namespaceOf } from './environment.js';
import type { StackSettings } from './settings.js';

/** One row for all, one per pool; load balancers show up by themselves, as they are reported. */
export function makeDashboard(
  scope: Construct,
  settings: StackSettings,
  { watch, resync }: AlarmSources,
  alarms: readonly cloudwatch.CfnAlarm[],
): cloudwatch.Dashboard {
  const functions = [
    ['watch', watch],
    ['resync', resync],
  ] as const;
  const own = (metric: string, statistic: string): cloudwatch.Metric[] =>
    functions.map(([kind]) =>
      ownMetric(settings, metric, statistic, { Function: `${settings.name}-${kind}` }).with({ label: kind }),
    );
  const ofLambda = (metric: string, statistic: string): cloudwatch.Metric[] =>
    functions.map(([kind, fn]) => functionMetric(fn, metric, statistic).with({ label: `${kind} ${metric}` }));
  // The slowest of each part in a minute: no event took longer than both, but for a cold start.
  const eventToApplied = new cloudwatch.MathExpression({
    expression: 'FILL(waited, 0) + applied',
    usingMetrics: {
      waited: functionMetric(watch, 'AsyncEventAge', 'Maximum'),
      applied: ownMetric(settings, 'StartToApplied', 'Maximum', { Function: `${settings.name}-watch` }),
    },
    period: MINUTE,
    label: 'watch, both, at most',
  });
  const graph = (title: string, left: cloudwatch.IMetric[], right: cloudwatch.IMetric[] = []) =>
    new cloudwatch.GraphWidget({ title, left, right, width: 8, liveData: true });
  const dashboard = new cloudwatch.Dashboard(scope, 'Dashboard', {
    dashboardName: settings.name,
  });
  dashboard.addWidgets(
    new cloudwatch.AlarmStatusWidget({
      title: 'Alarms',
      alarms: alarms.map((alarm, index) =>
        cloudwatch.Alarm.fromAlarmArn(scope, `Shown${index}`, alarm.attrArn),
      ),
      width: 24,
      height: 4,
    }),
  );
  dashboard.addWidgets(
    graph('From event to applied: waited in Lambda, then start to applied (ms)', [
      functionMetric(watch, 'AsyncEventAge', 'p95').with({ label: 'watch waited' }),
      ...own('StartToApplied', 'p95'),
      eventToApplied,
    ]),
    graph('Run (ms)', own('RunDuration', 'p95')),
    graph('Errors and throttles', [...ofLambda('Errors', 'Sum'), ...ofLambda('Throttles', 'Sum')]),
  );
  dashboard.addWidgets(
    ...['Added', 'Removed', 'Disabled'].map((action) => graph(`${action} servers`, own(action, 'Sum'))),
  );
  const schema = `{"${namespaceOf(settings)}",Backend,LoadBalancer}`;
  for (const { backend } of settings.config.pools) {
    const byLoadBalancer = (metric: string, statistic = 'Maximum', label = ''): cloudwatch.IMetric =>
      new cloudwatch.MathExpression({
        expression: `SEARCH('${schema} MetricName="${metric}" Backend="${backend}"', '${statistic}', 60)`,
        usingMetrics: {},
        label,
      });
    dashboard.addWidgets(
      graph(
        `${backend}: ready, and serving`,
        [byLoadBalancer('Ready')],
        [byLoadBalancer('Serving', 'Minimum', 'serving')],
      ),
      graph(
        `${backend}: slots in use, and free in the fullest range`,
        [byLoadBalancer('SlotsInUse')],
        [byLoadBalancer('SlotsFree', 'Minimum', 'free')],
      ),
      graph(`${backend}: unplaced and held`, [byLoadBalancer('Unplaced')], [byLoadBalancer('Held')]),
    );
  }
  return dashboard;
}
