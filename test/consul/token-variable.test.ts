// The token from CONSUL_HTTP_TOKEN: the line end of a file is no part of it, and what is no token is not sent.
import { describe, expect, test } from 'vitest';
import { startParameterStore } from '../../infra/local/parameter-store.js';
import { readSettings } from '../../lib/config/environment.js';
import { withParameters } from '../../lib/config/pem-parameters.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { failure } from './rig.js';

const NO_TOKEN =
  'ConfigError: configuration: CONSUL_HTTP_TOKEN: its value is no token; give the SecretID alone';
const read = async (token: string) => readSettings({ CONSUL_HTTP_TOKEN: token }).consul.token;

describe('CONSUL_HTTP_TOKEN', () => {
  test.each([' 7ac1\n', '7ac1\r\n', '7ac1'])('%j is trimmed', async (value) => {
    expect(await read(value)).toBe('7ac1');
  });

  test.each(['', ' \n'])('%j is none', async (value) => {
    expect(await read(value)).toBeUndefined();
  });

  test.each(['7ac1 7ac2', '7ac1\nX-Other: b', '7açc1'])('%j is refused by name, unshown', async (value) => {
    expect(await failure(read(value))).toBe(NO_TOKEN);
  });
});

test('a missing parameter of a key is said to be that of the key, not of the token', async () => {
  const name = '/iri-lb/no-such-key';
  const store = await startParameterStore();
  const before = { ...process.env };
  const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  Object.assign(process.env, aws, { AWS_ENDPOINT_URL_SSM: store.url });
  try {
    expect(await failure(withParameters({ HAPROXY_CLIENT_KEY: `ssm:${name}` }, systemClock))).toBe(
      `ConfigError: configuration: HAPROXY_CLIENT_KEY: parameter ${name}: not found; check its name, AWS_REGION (ParameterNotFound)`,
    );
  } finally {
    process.env = before;
    await store.close();
  }
});
