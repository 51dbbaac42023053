// The roles, written by hand: what each may do, on which resource, and why where that is not one thing.
import {
  Arn,
  ArnFormat,
  aws_iam as iam,
  type aws_logs as logs,
  Stack,
  type aws_sqs as sqs,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parametersOf } from './environment.js';
import type { StackSettings } from './settings.js';

/** What Lambda itself does with the role to place a function in a VPC (Lambda developer guide, "VPC"). */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

export interface FunctionRoleOptions {
  /** Name of the function, as it will be. */
  readonly functionName: string;
  readonly logGroup: logs.LogGroup;
  readonly failedRuns: sqs.Queue;
}

/** The role of one function. */
export function makeFunctionRole(
  scope: Construct,
  id: string,
  settings: StackSettings,
  { functionName, logGroup, failedRuns }: FunctionRoleOptions,
): iam.Role {
  const parameterArns = parametersOf(settings).map((name) => parameterArn(scope, name));
  return new iam.Role(scope, id, {
    description: `${functionName}: reads its parameters, writes its log`,
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      own: policy(
        allow('Parameters', ['ssm:GetParameter'], parameterArns),
        allow('Decrypt', ['kms:Decrypt'], [settings.consul.tokenKeyArn], {
          StringEquals: {
            'kms:ViaService': `ssm.${settings.region}.amazonaws.com`,
            'kms:EncryptionContext:PARAMETER_ARN': parameterArns,
          },
        }),
        allow('Log', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]),
        allow('FailedRuns', ['sqs:SendMessage'], [failedRuns.queueArn]),
        allow('NetworkInterfaces', NETWORK_INTERFACE_ACTIONS, ['*']),
        // Those are for Lambda, before our code runs; our code may not use them.
        new iam.PolicyStatement({
          sid: 'NotFromOurCode',
          effect: iam.Effect.DENY,
          actions: NETWORK_INTERFACE_ACTIONS,
          resources: ['*'],
          conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn(scope, functionName) } },
        }),
      ),
    },
  });
}

/** The role of the schedule: it starts one function, and may say that it could not. */
export function makeSchedulerRole(
  scope: Construct,
  functionName: string,
  undelivered: sqs.Queue,
  groupArn: string,
): iam.Role {
  return new iam.Role(scope, 'SchedulerRole', {
    description: `Invokes ${functionName} every minute`,
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(scope).account, 'aws:SourceArn': groupArn },
      },
    }),
    inlinePolicies: {
      own: policy(
        allow('Invoke', ['lambda:InvokeFunction'], [functionArn(scope, functionName)]),
        allow('Undelivered', ['sqs:SendMessage'], [undelivered.queueArn]),
      ),
    },
  });
}

/** What a Consul host needs, to be attached to its role: it invokes the watch function, nothing else. */
export function makeForwarderPolicy(
  scope: Construct,
  { name, forwarderRoleNames = [] }: StackSettings,
  functionName: string,
): iam.ManagedPolicy {
  return new iam.ManagedPolicy(scope, 'ForwarderPolicy', {
    managedPolicyName: `${name}-forwarder`,
    description: `Lets the forwarder invoke ${functionName}`,
    document: policy(allow('Invoke', ['lambda:InvokeFunction'], [functionArn(scope, functionName)])),
    roles: forwarderRoleNames.map((role) => iam.Role.fromRoleName(scope, `ForwarderRole-${role}`, role)),
  });
}

/** From the name, not from the resource: the roles are made before the functions. */
function functionArn(scope: Construct, functionName: string): string {
  return Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: functionName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

function parameterArn(scope: Construct, name: string): string {
  return Arn.format(
    { service: 'ssm', resource: 'parameter', resourceName: name.replace(/^\//, '') },
    Stack.of(scope),
  );
}

function allow(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  conditions?: iam.Conditions,
): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    actions: [...actions],
    resources: [...resources],
    ...(conditions ? { conditions } : {}),
  });
}

function policy(...statements: readonly iam.PolicyStatement[]): iam.PolicyDocument {
  return new iam.PolicyDocument({ statements: [...statements] });
}
