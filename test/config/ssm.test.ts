// The token through the real SSM client: every way in which the parameter cannot be had is one clear line.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { makeTokenSource } from '../../lib/consul/token.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { failure, heard } from '../consul/rig.js';

const PARAMETER = '/iri-lb/token';
const SECRET = 'b1gs7cr3-0000-4000-8000-000000000001';
const ENV = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const before = { ...process.env };
let store: ParameterStore;

beforeAll(async () => {
  store = await startParameterStore();
  Object.assign(process.env, ENV, { AWS_ENDPOINT_URL_SSM: store.url });
});
beforeEach(() => {
  store.set(PARAMETER, SECRET);
  store.fail(undefined);
  store.delay(0);
});
afterAll(async () => {
  process.env = before;
  await store.close();
  expect(heard.join('\n')).not.toContain(SECRET);
});

const source = (timeoutMs = 5_000) =>
  makeTokenSource({ addresses: [], tls: {}, tokenParameter: PARAMETER }, { clock: systemClock, timeoutMs });

describe('the token in SSM', () => {
  test('is read decrypted, once', async () => {
    const token = source();
    const requests = store.requests;
    expect([await token.get(), await token.get()]).toEqual([SECRET, SECRET]);
    expect(store.requests - requests).toBe(1);
  });

  test('is read again after a rotation', async () => {
    const token = source();
    await token.get();
    store.set(PARAMETER, 'another');
    expect([await token.refresh(), await token.get()]).toEqual(['another', 'another']);
  });
});

describe('a parameter that cannot be had is named, with what to do', () => {
  test('missing', async () => {
    store.set(PARAMETER, undefined);
    expect(await failure(source().get())).toBe(
      `ParameterError: parameter ${PARAMETER}: not found; check CONSUL_HTTP_TOKEN_PARAMETER, AWS_REGION (ParameterNotFound)`,
    );
  });

  test.each([
    ['AccessDeniedException', 'access denied; allow ssm:GetParameter on it, and kms:Decrypt on its key'],
    ['InvalidKeyId', 'cannot be decrypted; allow kms:Decrypt on its key, and check that it is enabled'],
    ['UnrecognizedClientException', 'AWS refuses our credentials; check the role'],
  ])('%s', async (type, text) => {
    store.fail({ type, message: 'User is not authorized' });
    expect(await failure(source().get())).toBe(`ParameterError: parameter ${PARAMETER}: ${text} (${type})`);
  });

  test('something unheard of, in its own words', async () => {
    store.fail({ type: 'OddException', message: 'the moon\nis full' });
    expect(await failure(source().get())).toContain('cannot be read (OddException: the moon is full)');
  });

  test('SSM is slow', async () => {
    store.delay(60_000);
    expect(await failure(source(200).get())).toContain(
      `${PARAMETER}: no answer within 200 ms; is the SSM endpoint`,
    );
  });

  test('SSM is not there', async () => {
    process.env.AWS_ENDPOINT_URL_SSM = 'http://127.0.0.1:1';
    try {
      expect(await failure(source().get())).toMatch(/parameter \/iri-lb\/token: .*ECONNREFUSED/);
    } finally {
      process.env.AWS_ENDPOINT_URL_SSM = store.url;
    }
  });

  test('there are no credentials', async () => {
    const { AWS_ACCESS_KEY_ID, ...rest } = process.env;
    process.env = { ...rest, AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' };
    try {
      expect(await failure(source().get())).toMatch(
        /no AWS credentials; give the function or instance a role/,
      );
    } finally {
      process.env = { ...rest, AWS_ACCESS_KEY_ID };
    }
  });
});
