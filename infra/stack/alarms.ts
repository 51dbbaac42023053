// The alarms: who is woken, for what, and where it says what to do.
import {
  aws_cloudwatch as cloudwatch,
  Duration,
  type aws_lambda as lambda,
  type aws_sqs as sqs,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { namespaceOf } from './environment.js';
import type { StackSettings } from './settings.js';

/** `urgent` is somebody now, `other` is somebody tomorrow. */
export type Severity = 'urgent' | 'other';

export interface AlarmSpec {
  /** Last part of the alarm's name; also the heading of its entry in the runbook. */
  readonly name: string;
  readonly severity: Severity;
  /** What it means, in one sentence. */
  readonly meaning: string;
  readonly metric: cloudwatch.IMetric;
  readonly comparison: 'above' | 'below';
  readonly threshold: number;
  /** Out of `periods` periods of the metric, this many have to be over the threshold. */
  readonly breaching: number;
  readonly periods: number;
  /** No data is as bad as bad data. */
  readonly missingIsBad?: boolean;
}

export interface AlarmSources {
  readonly watch: lambda.Function;
  readonly resync: lambda.Function;
  readonly undelivered: sqs.Queue;
  readonly failedRuns: sqs.Queue;
}

/** What metrics and alarms are counted by. */
export const MINUTE = Duration.minutes(1);

/** A metric of our own, as lib/telemetry writes it. */
export function ownMetric(
  settings: StackSettings,
  metricName: string,
  statistic: string,
  dimensionsMap: Record<string, string>,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: namespaceOf(settings),
    metricName,
    statistic,
    dimensionsMap,
    period: MINUTE,
  });
}

/** A metric of Lambda's about one function. */
export function functionMetric(
  fn: lambda.Function,
  metricName: string,
  statistic: string,
): cloudwatch.Metric {
  return fn.metric(metricName, { statistic, period: MINUTE });
}

/** Makes an alarm; its description ends with the address of its entry in the runbook. */
export function makeAlarm(scope: Construct, settings: StackSettings, spec: AlarmSpec): cloudwatch.CfnAlarm {
  const { name, severity, meaning, metric, comparison, threshold, breaching, periods, missingIsBad } = spec;
  const { alarms } = settings;
  const alarm = new cloudwatch.Alarm(scope, `Alarm-${name}`, {
    alarmName: `${settings.name}-${name}`,
    alarmDescription: `${meaning} Runbook: ${alarms.runbookUrl}#${anchorOf(name)}`,
    metric,
    comparisonOperator:
      comparison === 'above'
        ? cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        : cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold,
    actionsEnabled: !settings.paused,
    datapointsToAlarm: breaching,
    evaluationPeriods: periods,
    treatMissingData: missingIsBad
      ? cloudwatch.TreatMissingData.BREACHING
      : cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  const topic = severity === 'urgent' ? alarms.urgentTopicArn : alarms.otherTopicArn;
  alarm.addAlarmAction({ bind: () => ({ alarmActionArn: topic }) });
  alarm.addOkAction({ bind: () => ({ alarmActionArn: topic }) });
  return alarm.node.defaultChild as cloudwatch.CfnAlarm;
}

/** The runbook has one entry for an alarm that exists per function or per pool. */
export function anchorOf(name: string): string {
  return name.replace(/-of-.*$/, '');
}
