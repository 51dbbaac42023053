// The forwarder's command line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readForwarderOptions } from '../../lib/forwarder/options.js';

const env = { AWS_REGION: 'eu-west-1', WATCH_FUNCTION: 'iri-lb-watch' };

describe('the options', () => {
  test('come from arguments, then the environment, then defaults', () => {
    expect(readForwarderOptions([], env)).toEqual({
      to: {
        kind: 'lambda',
        functionName: 'iri-lb-watch',
        region: 'eu-west-1',
        endpoint: 'https://lambda.eu-west-1.amazonaws.com',
      },
      service: 'iri',
      services: ['iri'],
      allowRemote: false,
    });
    expect(readForwarderOptions(['--function', 'other:live', '--listen', '[::1]:8401'], env)).toMatchObject({
      to: { functionName: 'other:live' },
      listen: { host: '::1', port: 8401 },
    });
  });

  test("an ARN brings its region, and China's endpoints have their own name", () => {
    const arn = 'arn:aws-cn:lambda:cn-north-1:123456789012:function:iri-lb-watch';
    expect(readForwarderOptions(['--function', arn], {})).toMatchObject({
      to: { region: 'cn-north-1', endpoint: 'https://lambda.cn-north-1.amazonaws.com.cn' },
    });
  });

  test('AWS_ENDPOINT_URL_LAMBDA is honoured, and AWS_ENDPOINT_URL behind it', () => {
    const local = { ...env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    expect(readForwarderOptions([], local)).toMatchObject({ to: { endpoint: 'http://127.0.0.1:1' } });
    expect(
      readForwarderOptions([], { ...local, AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:2' }),
    ).toMatchObject({
      to: { endpoint: 'http://127.0.0.1:2' },
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

  describe('the services', () => {
    const pool = (backend: string, service: string) => ({ backend, service, ranges: [{ prefix: 's' }] });
    const pools = [pool('a', 'web'), pool('b', 'iri'), pool('c', 'web')];
    const web = { ...env, LB_CONFIG: JSON.stringify({ pools }) };

    test("are those of LB_CONFIG's pools, the first one for events that name none", () => {
      expect(readForwarderOptions([], web)).toMatchObject({ service: 'web', services: ['web', 'iri'] });
    });

    test('begin with --service, which is the only one where there is no LB_CONFIG', () => {
      const args = ['--service', 'api'];
      expect(readForwarderOptions(args, web)).toMatchObject({
        service: 'api',
        services: ['api', 'web', 'iri'],
      });
      expect(readForwarderOptions(args, env)).toMatchObject({ service: 'api', services: ['api'] });
    });

    test('are not known where LB_CONFIG cannot be read', () => {
      const broken = { ...env, LB_CONFIG: '/nowhere.json' };
      for (const args of [[], ['--service', 'api']])
        expect(() => readForwarderOptions(args, broken)).toThrow(
          'forwarder: LB_CONFIG: cannot read "/nowhere.json" (ENOENT)',
        );
    });
  });

  describe('a token', () => {
    const dir = mkdtempSync(join(tmpdir(), 'iri-lb-token-'));
    const file = join(dir, 'token');
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    test('is what the file says, without its line end', () => {
      writeFileSync(file, '0123456789abcdef\n');
      expect(readForwarderOptions(['--token-file', file], env)).toMatchObject({ token: '0123456789abcdef' });
    });

    test.each(['', 'short', '0123456789abcdef 0', '0123456789abcdef\nsecond'])(
      'that is %j is refused, without being shown',
      (text) => {
        writeFileSync(file, text);
        const message = /--token-file: ".*token" holds no token: one line of 16 to 512 of [^"]*$/;
        expect(() => readForwarderOptions(['--token-file', file], env)).toThrow(message);
      },
    );

    test('whose file is not there is a setting that is wrong', () => {
      expect(() => readForwarderOptions(['--token-file', '/nowhere/token'], env)).toThrow(
        /--token-file: "\/nowhere\/token" cannot be read \(ENOENT\)/,
      );
    });
  });

  describe('a target', () => {
    const dir = mkdtempSync(join(tmpdir(), 'iri-lb-target-'));
    const file = join(dir, 'token');
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    test('stands in place of the function, and needs nothing of AWS', () => {
      const url = 'https://gateway.example.com/function/iri-lb';
      writeFileSync(file, '0123456789abcdef\n');
      expect(readForwarderOptions(['--target', url], {})).toMatchObject({ to: { kind: 'target', url } });
      expect(readForwarderOptions(['--target', url, '--target-token-file', file], {})).toMatchObject({
        to: { kind: 'target', url, tokenFile: file },
      });
    });

    test.each([
      [
        'no URL',
        ['--target', '127.0.0.1:8080'],
        '--target: "127.0.0.1:8080" is no URL of an adapter; use http://host:8080',
      ],
      [
        'another scheme',
        ['--target', 'ftp://x'],
        '--target: "ftp://x" is no URL of an adapter; use http://host:8080',
      ],
      ['a query', ['--target', 'http://x/?a=b'], '--target: "http://x/?a=b" is no URL of an adapter'],
      ['a user', ['--target', 'http://me:secret@x'], '--target: has a user in it; put a token into a file'],
      [
        'a function, too',
        ['--target', 'http://x', '--function', 'f'],
        '--function: is for Lambda; give either',
      ],
      [
        'a token for Lambda',
        ['--function', 'f', '--target-token-file', 'x'],
        '--target-token-file: is for --target',
      ],
      [
        'no token file',
        ['--target', 'http://x', '--target-token-file', '/no'],
        '--target-token-file: "/no" cannot be read (ENOENT)',
      ],
    ])('with %s is refused', (_, args, message) => {
      expect(() => readForwarderOptions(args, { AWS_REGION: 'eu-west-1' })).toThrow(`forwarder: ${message}`);
    });

    test('shows no password, whatever else is wrong with it', () => {
      expect(() => readForwarderOptions(['--target', 'http://me:secret@x/?a'], {})).toThrow(
        /^(?!.*secret).*no URL/,
      );
    });
  });

  test('all problems are told at once, in one line', () => {
    const args = ['--function', 'a b', '--service', '..', '--listen', '8401'];
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
