// The exceptions from cdk-nag's rules, each with its reason. Pure but for the constructs it marks.
import { type Stack, Validations } from 'aws-cdk-lib';

/** A rule that a construct breaks on purpose. */
export interface Exception {
  /** Id of the construct in the stack. */
  readonly construct: string;
  readonly rule: string;
  readonly reason: string;
}

const ENI_REASON =
  'Lambda makes the network interfaces of a function in a VPC with its role before there is one to name; ' +
  'the same actions are denied to our code by lambda:SourceFunctionArn.';
const QUEUE_REASON = 'It is where failures end: people read it, nothing consumes it, an alarm watches it.';

export const exceptions: readonly Exception[] = [
  { construct: 'WatchRole', rule: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]', reason: ENI_REASON },
  { construct: 'ResyncRole', rule: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]', reason: ENI_REASON },
  { construct: 'FailedRuns', rule: 'AwsSolutions::AwsSolutions-SQS3', reason: QUEUE_REASON },
  { construct: 'Undelivered', rule: 'AwsSolutions::AwsSolutions-SQS3', reason: QUEUE_REASON },
];

/** Tells cdk-nag of the exceptions. */
export function acknowledge(stack: Stack): void {
  for (const { construct, rule, reason } of exceptions) {
    Validations.of(stack.node.findChild(construct)).acknowledge({ id: rule, reason });
  }
}
