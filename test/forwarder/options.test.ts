// The forwarder's command line.
import { describe, expect, test } from 'vitest';
import { readForwarderOptions } from '../../lib/forwarder/options.js';

const env = { AWS_REGION: 'eu-west-1', WATCH_FUNCTION: 'iri-lb-watch' };

describe('the options', () => {
  test('come from arguments, then the environment, then defaults', () => {
    expect(readForwarderOptions([], env)).toEqual({
      functionName: 'iri-lb-watch',
      service: 'iri',
      allowRemote: false,
      region: 'eu-west-1',
      endpoint: 'https://lambda.eu-west-1.amazonaws.com',
    });
    expect(readForwarderOptions(['--function', 'other:live', '--listen', '[::1]:8401'], env)).toMatchObject({
      functionName: 'other:live',
      listen: { host: '::1', port: 8401 },
    });
  });

  test("an ARN brings its region, and China's endpoints have their own name", () => {
    const arn = 'arn:aws-cn:lambda:cn-north-1:123456789012:function:iri-lb-watch';
    expect(readForwarderOptions(['--function', arn], {})).toMatchObject({
      region: 'cn-north-1',
      endpoint: 'https://lambda.cn-north-1.amazonaws.com.cn',
    });
  });

  test('AWS_ENDPOINT_URL_LAMBDA is honoured, and AWS_ENDPOINT_URL behind it', () => {
    const local = { ...env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    expect(readForwarderOptions([], local)).toMatchObject({ endpoint: 'http://127.0.0.1:1' });
    expect(
      readForwarderOptions([], { ...local, AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:2' }),
    ).toMatchObject({
      endpoint: 'http://127.0.0.1:2',
    });
  });

  test.each(['0.0.0.0:8401', '[::]:8401', '10.0.0.5:8401', 'lb1.example.com:8401'])(
    '%s is listened on only when remote clients are allowed',
    (address) => {
      expect(() => readForwarderOptions(['--listen', address], env)).toThrow(
        /is not loopback; .*--allow-remote/,
      );
      expect(readForwarderOptions(['--listen', address, '--allow-remote'], env)).toMatchObject({
        allowRemote: true,
      });
    },
  );

  test("the service is that of LB_CONFIG's first pool, and LB_CONFIG is not read where --service says it", () => {
    const pool = (service: string) => ({ backend: service, service, ranges: [{ prefix: 's' }] });
    const web = { ...env, LB_CONFIG: JSON.stringify({ pools: [pool('web'), pool('iri')] }) };
    expect(readForwarderOptions([], web)).toMatchObject({ service: 'web' });
    expect(readForwarderOptions(['--service', 'api'], web)).toMatchObject({ service: 'api' });
    const broken = { ...env, LB_CONFIG: '/nowhere.json' };
    expect(readForwarderOptions(['--service', 'api'], broken)).toMatchObject({ service: 'api' });
    expect(() => readForwarderOptions([], broken)).toThrow(
      'forwarder: LB_CONFIG: cannot read "/nowhere.json" (ENOENT)',
    );
  });

  test('all problems are told at once, in one line', () => {
    const args = ['--function', 'a b', '--service', '../x', '--listen', '8401'];
    const message = (() => {
      try {
        readForwarderOptions(args, { AWS_ENDPOINT_URL_LAMBDA: 'nowhere' });
      } catch (error) {
        return String(error);
      }
      return '';
    })();
    for (const name of ['--function', '--service', '--listen', 'AWS_REGION', 'AWS_ENDPOINT_URL_LAMBDA'])
      expect(message).toContain(name);
    expect(message).not.toContain('\n');
  });

  test('an unknown option names itself and --help', () => {
    expect(() => readForwarderOptions(['--verbose'], env)).toThrow(/'--verbose'; see --help/);
    expect(readForwarderOptions(['--help'], {})).toBe('help');
  });
});
