// The settings of a deployment: what is accepted, and what every mistake is told.
import { describe, expect, it } from 'vitest';
import { parseStackSettings, readStackSettings } from '../../infra/stack/settings.js';
import { ConfigError } from '../../lib/model/errors.js';
import { exampleInput, exampleSettings } from './example.js';

function problemsOf(input: unknown): string[] {
  try {
    parseStackSettings(input, 'prod.json');
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, message }) => `${path} | ${message}`);
    throw error;
  }
  return [];
}

const example = exampleSettings();

describe('settings of the stack', () => {
  it('need little: the rest has defaults', () => {
    expect(example).toMatchObject({ memoryMb: 512, timeoutSeconds: 45, logRetentionDays: 30 });
    expect(example.config.pools.map(({ backend }) => backend)).toEqual(['iri_back', 'iri_pow_back']);
    expect(example.alarms.minFreeSlots).toBe(5);
  });

  it('report every problem at once, each with its path', () => {
    const problems = problemsOf({
      ...exampleInput({ name: 'My Stack', account: 123, region: 'moon', timeoutSeconds: 60, surprise: true }),
      vpc: { id: 'vpc', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-1', 'subnet-1'] },
    });
    expect(problems.map((line) => line.split(' | ')[0])).toEqual([
      'name',
      'account',
      'region',
      'vpc.id',
      'vpc.privateSubnetIds.0',
      'vpc.privateSubnetIds.1',
      'vpc.privateSubnetIds.1',
      'timeoutSeconds',
      'surprise',
    ]);
    expect(problems.join('\n')).toContain('is above 55');
  });

  it('report contradictions beside what is wrong on its own', () => {
    const { consul, alarms, vpc, haproxy } = exampleInput() as Record<string, object>;
    const problems = problemsOf({
      ...exampleInput({ name: 'X', account: 123, surprise: true }),
      consul: { ...consul, addresses: [], tokenKeyArn: example.consul.tokenKeyArn.replace('eu-', 'us-') },
      vpc: { ...vpc, privateSubnetIds: ['subnet-0a1b2c3d'] },
      haproxy: { ...haproxy, addresses: ['tcp://10.0.1.5:9999'] },
      alarms: { ...alarms, urgentTopicArn: 7 },
    });
    expect(problems.map((line) => line.split(' | ')[0])).toEqual([
      'name',
      'account',
      'consul.addresses',
      'alarms.urgentTopicArn',
      'surprise',
      'haproxy.addresses',
      'consul.tokenKeyArn',
      'vpc.privateSubnetIds',
    ]);
  });

  it.each([null, [], 'settings', { region: null, vpc: 1, consul: null, haproxy: [], config: 1 }])(
    'are refused without falling over: %j',
    (input) => {
      expect(problemsOf(input)).not.toEqual([]);
    },
  );

  it.each(['https://c:99999', 'https://c:0', 'https://c:08501', 'https://c', 'https://256.0.0.1:8501'])(
    'refuse %s as an address of Consul',
    (address) => {
      const consul = { ...example.consul, addresses: [address] };
      expect(problemsOf(exampleInput({ consul }))).toEqual([
        expect.stringMatching(/^consul\.addresses\.0 \| use https:.* port from 1 to 65535$/),
      ]);
    },
  );

  it.each([
    ['consul', 'https://127.0.0.1:8501', "is the function's own machine"],
    ['consul', 'https://localhost:8501', "is the function's own machine"],
    ['consul', 'https://169.254.169.254:80', 'is link-local'],
    ['haproxy', 'tls://127.0.0.1:9998', "is the function's own machine"],
    ['haproxy', 'tls://[::1]:9998', "is the function's own machine"],
    ['haproxy', 'tls://[fd00::5]:9998', 'is IPv6'],
    ['haproxy', 'tls://169.254.1.1:9998', 'is link-local'],
  ] as const)('refuse what no function reaches: %s at %s', (kind, address, why) => {
    expect(problemsOf(exampleInput({ [kind]: { ...example[kind], addresses: [address] } }))).toEqual([
      expect.stringContaining(`${kind}.addresses.0 | ${why}`),
    ]);
  });

  it('refuse a Consul in plain text unless it is meant', () => {
    const consul = { ...example.consul, addresses: ['http://consul-1.internal:8500'] };
    expect(problemsOf(exampleInput({ consul }))).toEqual([
      expect.stringMatching(/^consul\.addresses \| http:\/\/ shows the token .* set consul\.allowPlainText$/),
    ]);
    expect(problemsOf(exampleInput({ consul: { ...consul, allowPlainText: true } }))).toEqual([]);
  });

  it.each(['/aws/iri-lb/token', 'AWS-token', '/ssm-token'])(
    'refuse %s, which SSM keeps for itself',
    (name) => {
      const consul = { ...example.consul, tokenParameter: name };
      expect(problemsOf(exampleInput({ consul }))).toEqual([
        'consul.tokenParameter | begins with aws or ssm, which SSM keeps for itself: nobody can make it',
      ]);
    },
  );

  it('refuse topics that alarms of this region cannot tell, and a runbook that is an entry already', () => {
    const alarms = {
      urgentTopicArn: 'arn:aws:sns:us-east-1:123456789012:urgent',
      otherTopicArn: 'arn:aws:sns:us-east-1:123456789012:tickets',
      runbookUrl: 'https://git.example.com/README.md#runbook',
    };
    expect(problemsOf(exampleInput({ alarms }))).toEqual([
      expect.stringMatching(/^alarms\.runbookUrl \| .*without #/),
      'alarms.urgentTopicArn | is not in eu-west-1, where the alarm is',
      'alarms.otherTopicArn | is not in eu-west-1, where the alarm is',
    ]);
  });

  it('refuse ranges that have fewer slots than have to be free', () => {
    const pools = [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web', slots: 4 }] }];
    expect(problemsOf(exampleInput({ config: { pools } }))).toEqual([
      'config.pools.0.ranges.0.slots | is below alarms.minFreeSlots (5): slots-low would never end',
    ]);
  });

  it('tell of the file that cannot be read and of one that is no JSON, and where to start', () => {
    expect(() => readStackSettings('/nowhere/prod.json')).toThrow(
      /prod\.json: cannot be read .*example\.settings/,
    );
    expect(() => readStackSettings(import.meta.filename)).toThrow(/cannot be read .*example\.settings/);
  });

  it('refuse a plain admin port unless it is meant', () => {
    const haproxy = { addresses: ['tcp://10.0.1.5:9999'], peers: ['10.0.1.0/24'] };
    expect(problemsOf(exampleInput({ haproxy }))).toEqual([
      expect.stringContaining('haproxy.addresses | tcp:// lets whoever reaches the port control HAProxy'),
    ]);
    expect(problemsOf(exampleInput({ haproxy: { ...haproxy, allowPlainText: true } }))).toEqual([]);
  });

  it('need certificates for tls:// and ports for consul:', () => {
    const haproxy = { addresses: ['tls://lb:9998', 'consul:haproxy-admin'], peers: ['10.0.1.0/24'] };
    expect(problemsOf(exampleInput({ haproxy })).join('\n')).toMatch(
      /haproxy\.ports \| .*\n.*haproxy\.tls \| /,
    );
  });

  it('refuse plain admin ports that consul: may find unless they are meant', () => {
    const haproxy = { addresses: ['consul:haproxy'], peers: ['10.0.1.0/24'], ports: [9998] };
    expect(problemsOf(exampleInput({ haproxy }))).toEqual([
      expect.stringMatching(
        /^haproxy\.addresses \| .*tag tls; name haproxy\.tls, or set haproxy\.allowPlain/,
      ),
    ]);
    expect(problemsOf(exampleInput({ haproxy: { ...haproxy, tls: example.haproxy.tls } }))).toEqual([]);
    expect(problemsOf(exampleInput({ haproxy: { ...haproxy, allowPlainText: true } }))).toEqual([]);
  });

  it('refuse what a function cannot reach and what is too wide', () => {
    const haproxy = { addresses: ['unix:/run/admin.sock'], peers: ['0.0.0.0/0', '10.0.0.0', 'sg-x'] };
    expect(problemsOf(exampleInput({ haproxy })).map((line) => line.split(' | ')[0])).toEqual([
      'haproxy.addresses.0',
      'haproxy.peers.0',
      'haproxy.peers.1',
      'haproxy.peers.2',
    ]);
  });

  it('want one way to reach SSM', () => {
    for (const ssmEndpoint of [{}, { create: false }, { create: true, prefixListId: 'pl-0a1b2c3d' }])
      expect(problemsOf(exampleInput({ ssmEndpoint }))).not.toEqual([]);
    for (const ssmEndpoint of [{ create: true }, { prefixListId: 'pl-0a1b2c3d' }])
      expect(problemsOf(exampleInput({ ssmEndpoint }))).toEqual([]);
  });

  it('hold what is in another region against itself', () => {
    expect(problemsOf(exampleInput({ region: 'eu-central-1' })).join('\n')).toMatch(
      /tokenKeyArn \| is not in eu-central-1(?:.|\n)*availabilityZones\.0 \| eu-west-1a is not in eu-central-1/,
    );
  });

  it('refuse pools that Lambda has no room for', () => {
    const pools = Array.from({ length: 30 }, (_, index) => ({
      backend: `back_${index}`,
      service: 'web',
      ranges: [{ prefix: 'srv' }],
    }));
    expect(problemsOf(exampleInput({ config: { pools } }))).toEqual([
      expect.stringMatching(/config \| makes the functions' environment \d+ bytes; Lambda takes 4096/),
    ]);
  });

  it('refuse a broken pool with the path that it has in LB_CONFIG', () => {
    const problems = problemsOf(
      exampleInput({ config: { pools: [{ backend: 'a b', service: 'web', ranges: [] }] } }),
    );
    expect(problems.map((line) => line.split(' | ')[0])).toEqual([
      'config.pools.0.backend',
      'config.pools.0.ranges',
    ]);
  });

  it('refuse a typo in what only rendering reads, beside what else is wrong', () => {
    const pools = [{ backend: 'a b', service: 'web', ranges: [{ prefix: 'web' }] }];
    const config = { pools, haproxy: { frontend: { bnid: 'x' } } };
    expect(problemsOf(exampleInput({ config, surprise: true })).map((line) => line.split(' | ')[0])).toEqual([
      'config.pools.0.backend',
      'config.haproxy.frontend.bnid',
      'surprise',
    ]);
  });

  it('show no password that is wrong', () => {
    const haproxy = { stats: { auth: 'alice:hunter2' }, users: 'bob:hunter2' };
    const pools = [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] }];
    const problems = problemsOf(exampleInput({ config: { pools, haproxy } }));
    expect(problems.map((line) => line.split(' | ')[0])).toEqual([
      'config.haproxy.stats.auth',
      'config.haproxy.users',
    ]);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it('take no secret: the token is only named', () => {
    expect(problemsOf(exampleInput({ consul: { ...example.consul, token: 'hunter2' } }))).toEqual([
      expect.stringContaining('consul.token |'),
    ]);
  });
});
