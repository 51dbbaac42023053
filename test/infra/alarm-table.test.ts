// Every alarm, row by row: what it looks at, how, when it goes off, and who is told.
import { describe, expect, it } from 'vitest';
import { environmentOf } from '../../infra/stack/environment.js';
import { makeRecorder } from '../../lib/telemetry/recorder.js';
import { invocation, reportOf, unchanged } from '../telemetry/rig.js';
import { exampleSettings, propertiesOf, synthesise } from './example.js';

const settings = exampleSettings();
const made = synthesise(settings);
const alarms = propertiesOf(made, 'AWS::CloudWatch::Alarm') as unknown as readonly Alarm[];

interface Dimension {
  readonly Name: string;
  readonly Value: unknown;
}

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly Dimension[];
}

interface Alarm extends Metric {
  readonly AlarmName: string;
  readonly AlarmActions: readonly string[];
  readonly ComparisonOperator: string;
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Threshold: number;
  readonly DatapointsToAlarm: number;
  readonly EvaluationPeriods: number;
  readonly TreatMissingData: string;
  /** Of an expression, in place of one metric. */
  readonly Metrics?: readonly {
    readonly Expression?: string;
    readonly Id: string;
    readonly ReturnData?: boolean;
    readonly MetricStat?: { readonly Metric: Metric; readonly Period: number; readonly Stat: string };
  }[];
}

/** A name as it is, or that of the resource which a dimension refers to. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': [queue] = [] } = value as { Ref?: string; 'Fn::GetAtt'?: string[] };
  const properties = made.resources[Ref ?? '']?.Properties;
  return String(properties?.FunctionName ?? queue?.replace(/[0-9A-F]{8}$/, ''));
}

/** `namespace metric name=value …`. */
function printMetric({ Namespace, MetricName, Dimensions }: Metric): string {
  const dimensions = Dimensions.map(({ Name, Value }) => `${Name}=${nameOf(Value)}`);
  return [Namespace, MetricName, ...dimensions.sort()].join(' ');
}

/** What is looked at, and how. */
function subjectOf(alarm: Alarm): string {
  if (!alarm.Metrics) return `${alarm.Statistic} of ${printMetric(alarm)}`;
  let text = alarm.Metrics.find(({ ReturnData }) => ReturnData !== false)?.Expression ?? '';
  for (const { Id, MetricStat: stat } of alarm.Metrics)
    if (stat) text = text.replace(Id, `${stat.Stat} of ${printMetric(stat.Metric)}`);
  return text;
}

function secondsOf({ Period, Metrics = [] }: Alarm): string {
  const all = [Period, ...Metrics.map(({ MetricStat }) => MetricStat?.Period)];
  return [...new Set(all.filter((seconds) => seconds !== undefined))].join(' and ');
}

function rowOf(alarm: Alarm): string {
  const [topic] = alarm.AlarmActions;
  const who = topic === settings.alarms.urgentTopicArn ? 'urgent' : 'other';
  const name = alarm.AlarmName.replace(/^iri-lb-/, '');
  const { ComparisonOperator, Threshold, DatapointsToAlarm, EvaluationPeriods, TreatMissingData } = alarm;
  const sign = { GreaterThanThreshold: '>', LessThanThreshold: '<' }[ComparisonOperator];
  const when = `${sign} ${Threshold}, ${DatapointsToAlarm} of ${EvaluationPeriods} x ${secondsOf(alarm)} s`;
  return `${name}: ${who}, ${subjectOf(alarm)} ${when}, missing ${TreatMissingData}`;
}

const lambda = (metric: string, name: string) => `AWS/Lambda ${metric} FunctionName=iri-lb-${name}`;
const queue = (name: string) =>
  `Maximum of AWS/SQS ApproximateNumberOfMessagesVisible QueueName=${name} > 0, 1 of 1 x 300 s`;
const own = (metric: string, dimension: string) => `IriLb/iri-lb ${metric} ${dimension}`;
const ofFunction = (kind: string, throttles: number) => [
  `errors-of-${kind}: urgent, Sum of ${lambda('Errors', kind)} > 0, 3 of 5 x 60 s`,
  `guarded-of-${kind}: urgent, Maximum of ${own('Guarded', `Function=iri-lb-${kind}`)} > 0, 2 of 5 x 60 s`,
  `throttles-of-${kind}: other, Sum of ${lambda('Throttles', kind)} > ${throttles}, 3 of 5 x 60 s`,
  `duration-of-${kind}: other, Maximum of ${lambda('Duration', kind)} > 22500, 3 of 5 x 60 s`,
  `events-dropped-of-${kind}: other, FILL(Sum of ${lambda('AsyncEventsDropped', kind)}, 0) - ` +
    `FILL(Sum of ${lambda('Errors', kind)}, 0) > 0, 3 of 5 x 60 s`,
];
const ofPool = (backend: string) => [
  `unplaced-of-${backend}: urgent, Maximum of ${own('Unplaced', `Backend=${backend}`)} > 0, 3 of 5 x 60 s`,
  `slots-low-of-${backend}: other, Minimum of ${own('SlotsFree', `Backend=${backend}`)} < 5, 5 of 5 x 60 s`,
  `nobody-serves-of-${backend}: urgent, Minimum of ${own('Serving', `Backend=${backend}`)} < 1, 3 of 5 x 60 s`,
];

describe('the alarms', () => {
  it('look at the right thing in the right way, and tell the right people', () => {
    const quiet = [
      ...ofFunction('watch', 30),
      ...ofFunction('resync', 0),
      `watch-events-late: other, Maximum of ${lambda('AsyncEventAge', 'watch')} > 30000, 3 of 5 x 60 s`,
      `schedule-undelivered: urgent, ${queue('Undelivered')}`,
      `failed-runs: other, ${queue('FailedRuns')}`,
      ...ofPool('iri_back'),
      ...ofPool('iri_pow_back'),
    ];
    const heartbeat = `Sum of ${own('Succeeded', 'Function=iri-lb-resync')} < 1, 5 of 5 x 60 s, missing breaching`;
    expect(alarms.map(rowOf).sort()).toEqual(
      [
        `no-successful-resync: urgent, ${heartbeat}`,
        ...quiet.map((row) => `${row}, missing notBreaching`),
      ].sort(),
    );
  });

  it('of our own metrics look at what every run writes, under the same namespace and dimensions', () => {
    const looked = alarms.filter(({ Namespace }) => Namespace === 'IriLb/iri-lb').map(printMetric);
    expect(looked).toHaveLength(9);
    for (const metric of looked) expect(writtenBy('iri-lb-watch', 'iri-lb-resync')).toContain(metric);
  });
});

/** Every metric that runs of these functions write with the settings' environment, one per dimension set. */
function writtenBy(...functionNames: readonly string[]): string[] {
  const text: string[] = [];
  const { METRICS_NAMESPACE: namespace } = environmentOf(settings);
  const observer = makeRecorder({ namespace, write: (lines) => text.push(lines) });
  const [pool] = unchanged.pools;
  const pools = settings.config.pools.flatMap(({ backend }) => (pool ? { ...pool, backend } : []));
  for (const functionName of functionNames)
    observer.begin({ ...invocation, functionName }).finished(reportOf({ ...unchanged, pools }));
  const lines = text.join('').trimEnd().split('\n');
  return lines.flatMap((line) => metricsIn(JSON.parse(line)));
}

interface Embedded {
  readonly CloudWatchMetrics: readonly {
    readonly Namespace: string;
    readonly Dimensions: readonly (readonly string[])[];
    readonly Metrics: readonly { readonly Name: string }[];
  }[];
}

function metricsIn(line: Record<string, unknown>): string[] {
  const { CloudWatchMetrics: directives = [] } = (line._aws ?? {}) as Partial<Embedded>;
  return directives.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.map(({ Name: MetricName }) => {
        const set = names.map((Name) => ({ Name, Value: line[Name] }));
        return printMetric({ Namespace, MetricName, Dimensions: set });
      }),
    ),
  );
}
