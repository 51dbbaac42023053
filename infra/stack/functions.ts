// The two functions, what becomes of a failed run, and the schedule.
import {
  Duration,
  aws_lambda as lambda,
  aws_logs as logs,
  RemovalPolicy,
  aws_scheduler as scheduler,
  aws_sqs as sqs,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { environmentOf } from './environment.js';
import type { Network } from './network.js';
import { makeFunctionRole, makeSchedulerRole } from './roles.js';
import type { StackSettings } from './settings.js';

/** Lambda's and the scheduler's least; an event that is older than a resync has been overtaken by it. */
const MAX_EVENT_AGE_SECONDS = 60;

export type FunctionKind = 'watch' | 'resync';

export interface FunctionOptions {
  readonly network: Network;
  readonly failedRuns: sqs.Queue;
  /** Folder with what `npm run build` made of this function. */
  readonly bundle: string;
}

/** One of the functions: one at a time, a failed run is told of and left to the next one. */
export function makeFunction(
  scope: Construct,
  kind: FunctionKind,
  settings: StackSettings,
  { network, failedRuns, bundle }: FunctionOptions,
): lambda.Function {
  const functionName = `${settings.name}-${kind}`;
  const id = kind === 'watch' ? 'Watch' : 'Resync';
  const logGroup = new logs.LogGroup(scope, `${id}Log`, {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: settings.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = makeFunctionRole(scope, `${id}Role`, settings, { functionName, logGroup, failedRuns });
  const made = new lambda.Function(scope, id, {
    functionName,
    description:
      kind === 'watch' ? 'Applies what Consul says, on an event' : 'Applies what Consul says, every minute',
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    // The bundle as it was tested; source maps stay at home.
    code: lambda.Code.fromAsset(bundle, { exclude: ['*.map'] }),
    handler: 'index.handler',
    role,
    vpc: network.vpc,
    vpcSubnets: network.subnets,
    securityGroups: [network.securityGroup],
    memorySize: settings.memoryMb,
    timeout: Duration.seconds(settings.timeoutSeconds),
    reservedConcurrentExecutions: 1,
    environment: environmentOf(settings),
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
    applicationLogLevelV2: lambda.ApplicationLogLevel.INFO,
    systemLogLevelV2: lambda.SystemLogLevel.INFO,
  });
  new lambda.CfnEventInvokeConfig(scope, `${id}Invoke`, {
    functionName: made.functionName,
    qualifier: '$LATEST',
    // Lambda waits a minute before it tries again: the next resync is there first, and does all of it.
    maximumRetryAttempts: 0,
    maximumEventAgeInSeconds: MAX_EVENT_AGE_SECONDS,
    destinationConfig: { onFailure: { destination: failedRuns.queueArn } },
  });
  return made;
}

/** A queue for what went wrong; the alarms watch it, people read it. */
export function makeQueue(scope: Construct, id: string, retention: Duration): sqs.Queue {
  return new sqs.Queue(scope, id, {
    retentionPeriod: retention,
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
  });
}

/** Every minute on the minute (a `rate` counts from when it is made); the undeliverable goes to `undelivered`. */
export function makeSchedule(
  scope: Construct,
  settings: StackSettings,
  resync: lambda.Function,
  undelivered: sqs.Queue,
): scheduler.CfnSchedule {
  const group = new scheduler.CfnScheduleGroup(scope, 'ScheduleGroup', { name: settings.name });
  const role = makeSchedulerRole(scope, `${settings.name}-resync`, undelivered, group.attrArn);
  return new scheduler.CfnSchedule(scope, 'Schedule', {
    name: `${settings.name}-resync`,
    description: 'Bounds what a lost event costs',
    groupName: group.ref,
    scheduleExpression: 'cron(* * * * ? *)',
    flexibleTimeWindow: { mode: 'OFF' },
    state: settings.paused ? 'DISABLED' : 'ENABLED',
    target: {
      arn: resync.functionArn,
      roleArn: role.roleArn,
      input: JSON.stringify({ source: 'aws.scheduler' }),
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: MAX_EVENT_AGE_SECONDS },
      deadLetterConfig: { arn: undelivered.queueArn },
    },
  });
}
