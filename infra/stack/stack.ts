// The stack: both functions, the network they live in, the schedule, the alarms.
import { join } from 'node:path';
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { alarmsOf } from './alarm-list.js';
import { makeAlarm } from './alarms.js';
import { makeDashboard } from './dashboard.js';
import { makeFunction, makeQueue, makeSchedule } from './functions.js';
import { makeNetwork } from './network.js';
import { makeForwarderPolicy } from './roles.js';
import type { StackSettings } from './settings.js';

/** Makes the stack of `settings`; `dist` is where `npm run build` leaves the bundles. */
export function makeStack(scope: Construct, settings: StackSettings, dist: string): Stack {
  const { name, account, region } = settings;
  const stack = new Stack(scope, name, {
    env: { account, region },
    description: 'Keeps HAProxy load balancers equal to what Consul knows',
  });
  const network = makeNetwork(stack, settings);
  // An hour, so that the alarm on it ends by itself once runs succeed again.
  const failedRuns = makeQueue(stack, 'FailedRuns', Duration.hours(1));
  const undelivered = makeQueue(stack, 'Undelivered', Duration.days(4));
  const shared = { network, failedRuns };
  const watch = makeFunction(stack, 'watch', settings, { ...shared, bundle: join(dist, 'watch') });
  const resync = makeFunction(stack, 'resync', settings, { ...shared, bundle: join(dist, 'resync') });
  makeSchedule(stack, settings, resync, undelivered);
  const forwarder = makeForwarderPolicy(stack, settings, `${name}-watch`);
  const sources = { watch, resync, failedRuns, undelivered };
  const alarms = alarmsOf(settings, sources).map((spec) => makeAlarm(stack, settings, spec));
  makeDashboard(stack, settings, sources, alarms);
  output(stack, 'WatchFunctionName', watch.functionName, 'For the forwarder');
  output(
    stack,
    'ForwarderPolicyArn',
    forwarder.managedPolicyArn,
    'To attach to the role of the Consul hosts',
  );
  output(
    stack,
    'FunctionSecurityGroupId',
    network.securityGroup.securityGroupId,
    'To be let in by Consul and the load balancers',
  );
  return stack;
}

function output(stack: Stack, id: string, value: string, description: string): void {
  new CfnOutput(stack, id, { value, description });
}
