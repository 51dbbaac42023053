// The template of the example settings: least privilege, no way in, everything that has to be there.
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { environmentOf } from '../../infra/stack/environment.js';
import { exampleSettings, propertiesOf, type Synthesised, synthesise } from './example.js';

const made = synthesise(exampleSettings());
const { template } = made;

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
}

/** Every statement of every policy that is attached to a principal. */
function statementsOf(synthesised: Synthesised): Statement[] {
  return Object.values(synthesised.resources).flatMap(({ Properties }) => {
    const inline =
      (Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[] | undefined) ?? [];
    const own = Properties.PolicyDocument as { Statement: Statement[] } | undefined;
    return [...inline.flatMap(({ PolicyDocument }) => PolicyDocument.Statement), ...(own?.Statement ?? [])];
  });
}

describe('what the stack may do', () => {
  it('names its resources; the only wildcard is what Lambda needs for network interfaces', () => {
    const wild = statementsOf(made).filter(({ Resource }) => JSON.stringify(Resource).includes('*'));
    expect(wild.map(({ Sid, Effect }) => `${Effect} ${Sid}`)).toEqual([
      'Allow NetworkInterfaces',
      'Deny NotFromOurCode',
      'Allow NetworkInterfaces',
      'Deny NotFromOurCode',
    ]);
  });

  it('has no wildcard among the actions it allows', () => {
    const actions = statementsOf(made)
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action }) => Action);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
    expect(actions).toContain('ssm:GetParameter');
  });

  it('denies the network interface actions to the code of the function', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [
        {
          PolicyDocument: {
            Statement: Match.arrayWith([
              Match.objectLike({
                Effect: 'Deny',
                Condition: { ArnEquals: { 'lambda:SourceFunctionArn': Match.anyValue() } },
              }),
            ]),
          },
        },
      ],
    });
  });

  it('decrypts the named parameters, through SSM only', () => {
    const [decrypt] = statementsOf(made).filter(({ Action }) => Action === 'kms:Decrypt');
    expect(decrypt).toMatchObject({
      Resource: exampleSettings().consul.tokenKeyArn,
      Condition: { StringEquals: { 'kms:ViaService': 'ssm.eu-west-1.amazonaws.com' } },
    });
    expect(JSON.stringify(decrypt)).toContain(':parameter/iri-lb/consul-token');
  });

  it('attaches no policy that AWS manages', () => {
    for (const role of propertiesOf(made, 'AWS::IAM::Role'))
      expect(role).not.toHaveProperty('ManagedPolicyArns');
  });

  it('lets the forwarder invoke the watch function and nothing else', () => {
    template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      ManagedPolicyName: 'iri-lb-forwarder',
      Roles: ['consul-host'],
      PolicyDocument: {
        Statement: [
          {
            Sid: 'Invoke',
            Effect: 'Allow',
            Action: 'lambda:InvokeFunction',
            Resource: {
              'Fn::Join': [
                '',
                ['arn:', { Ref: 'AWS::Partition' }, ':lambda:eu-west-1:123456789012:function:iri-lb-watch'],
              ],
            },
          },
        ],
        Version: '2012-10-17',
      },
    });
  });

  it('trusts the scheduler for its own schedule group only', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: {
                'aws:SourceAccount': '123456789012',
                'aws:SourceArn': { 'Fn::GetAtt': ['ScheduleGroup', 'Arn'] },
              },
            },
          },
        ],
      },
    });
  });
});

describe('the functions', () => {
  it('run on Node 24 and arm64, one at a time, for less than a minute, and log JSON', () => {
    template.resourceCountIs('AWS::Lambda::Function', 2);
    template.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      ReservedConcurrentExecutions: 1,
      Timeout: 45,
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO' },
    });
  });

  it('are told where things are and what the token is called', () => {
    const [first, second] = propertiesOf(made, 'AWS::Lambda::Function').map(({ Environment }) => Environment);
    expect(first).toEqual(second);
    expect(first).toMatchObject({
      Variables: {
        CONSUL_HTTP_ADDR: 'https://consul-1.internal:8501,https://consul-2.internal:8501',
        CONSUL_HTTP_TOKEN_PARAMETER: '/iri-lb/consul-token',
        HAPROXY_ADDRESSES: 'tls://10.0.1.5:9998,tls://10.0.2.5:9998',
        METRICS_NAMESPACE: 'IriLb/iri-lb',
      },
    });
  });

  it.each([
    ['nothing where nothing is set', {}, undefined],
    [
      'where a state is kept',
      { stateFile: '/var/lib/x', log: { bodyBytes: 9 } },
      { stateFile: '/var/lib/x' },
    ],
    ['that the service is not IRI', { iri: false, limits: false }, { iri: false }],
    ['no rule of the API', { iri: { bodyLimitBytes: 64 } }, undefined],
  ])("are told of HAProxy's settings %s", (_what, haproxy, told) => {
    const settings = exampleSettings();
    const pools = settings.config.pools;
    const { LB_CONFIG = '' } = environmentOf(exampleSettings({ config: { pools, haproxy } }));
    expect(JSON.parse(LB_CONFIG).haproxy).toEqual(told);
  });

  it('leave a failed event to the next resync, and tell of it', () => {
    template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 2);
    template.allResourcesProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });

  it('have logs that end', () => {
    template.resourceCountIs('AWS::Logs::LogGroup', 2);
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it('are resynced every minute on the minute, without jitter or retry, with a dead-letter queue', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(* * * * ? *)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: {
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        DeadLetterConfig: { Arn: Match.anyValue() },
      },
    });
  });

  it('wait while the deployment is paused, and no alarm tells anybody', () => {
    const paused = synthesise(exampleSettings({ paused: true }));
    paused.template.hasResourceProperties('AWS::Scheduler::Schedule', { State: 'DISABLED' });
    paused.template.allResourcesProperties('AWS::CloudWatch::Alarm', { ActionsEnabled: false });
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { ActionsEnabled: true });
  });

  it('fail into queues that are encrypted and take TLS only', () => {
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      },
    });
  });
});
