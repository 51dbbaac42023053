// `iri-lb run` before it runs: flags, and what --check says offline.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProgram } from './run-program.js';

const folder = mkdtempSync(join(tmpdir(), 'iri-lb-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const check = (env: Readonly<Record<string, string>>, ...flags: readonly string[]) =>
  runProgram(['run', '--check', ...flags], env);

describe('iri-lb run --check', () => {
  it('says what would be run, and reaches nobody', async () => {
    const LB_CONFIG = file('lb.json', JSON.stringify({ networks: ['10.0.0.0/8'] }));
    const CONSUL_HTTP_TOKEN_FILE = file('token', '11111111-2222-3333-4444-555555555555\n');
    const pem = `file://${file('ca.pem', '-----BEGIN CERTIFICATE-----\n')}`;
    const parameters = {
      HAPROXY_CLIENT_CERT: 'ssm:/cert',
      HAPROXY_CLIENT_KEY: 'ssm:/key',
      HAPROXY_CACERT: pem,
    };
    const env = { LB_CONFIG, CONSUL_HTTP_TOKEN_FILE, ...parameters };
    expect(await check(env, '--resync', '30s')).toEqual({
      status: 0,
      out: expect.stringMatching(
        /^configuration [0-9a-f]{12} can be used: iri_back, iri_pow_back; resync every 30 s; HTTP on 127\.0\.0\.1:8402$/,
      ),
      err: '',
    });
  });

  it.each([
    [{ LB_CONFIG: '{"pools":[]}' }, /^iri-lb: LB_CONFIG\.pools: /m],
    [{ LB_CONFIG: '{"networks":["nowhere"]}' }, /^iri-lb: LB_CONFIG\.networks\.0: /m],
    [{ HAPROXY_ADDRESSES: 'ftp://x' }, /^iri-lb: HAPROXY_ADDRESSES: "ftp:\/\/x" is not an address/m],
    [
      { HAPROXY_CACERT: 'file:/nowhere.pem' },
      /^iri-lb: HAPROXY_CACERT: cannot read "\/nowhere\.pem" \(ENOENT\)/m,
    ],
    [{ CONSUL_HTTP_TOKEN_FILE: '/nowhere' }, /^iri-lb: file \/nowhere .* cannot be read \(ENOENT\)/m],
    // What only rendering reads counts as well.
    [
      { LB_CONFIG: '{"networks":["10.0.0.0/8"],"haproxy":{"admin":7}}' },
      /^iri-lb: LB_CONFIG\.haproxy\.admin: /m,
    ],
  ])('fails with what is wrong with %j', async (env, said) => {
    const { status, out, err } = await check(env);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toMatch(said);
  });

  it.each([
    [['--listen', 'everywhere'], '--listen: "everywhere" is no address; use 127.0.0.1:8402, or off'],
    [['--resync', '10ms'], '--resync: "10ms" is no time from 1s to 24h; use 1m'],
    [['--resync', 'soon'], '--resync: "soon" is no time from 1s to 24h; use 1m'],
    [['--pause-file', ''], '--pause-file: "" is no path; name a file'],
  ])('is wrong usage with %j', async (flags, said) => {
    expect(await check({}, ...flags)).toEqual({ status: 64, out: '', err: `iri-lb: ${said}` });
  });
});
