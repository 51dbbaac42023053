// The local parameter store, asked by the real SSM client.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { ssmParameters } from '../../lib/config/ssm.js';

const NAME = '/iri-lb/consul-token';
let store: ParameterStore;

beforeEach(async () => {
  store = await startParameterStore({ [NAME]: 'first' });
  vi.stubEnv('AWS_ENDPOINT_URL_SSM', store.url);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await store.close();
});

const read = (name = NAME, signal = AbortSignal.timeout(10_000)): Promise<string> =>
  ssmParameters()(name, signal);

describe('the parameter store', () => {
  it('gives a value, and the new one once it is rotated', async () => {
    expect(await read()).toBe('first');
    store.set(NAME, 'second');
    expect(await read()).toBe('second');
    expect(store.requests).toBe(2);
  });

  it('knows no other parameter, and none that was removed', async () => {
    await expect(read('/iri-lb/other')).rejects.toThrow(/not found/);
    store.set(NAME, undefined);
    await expect(read()).rejects.toThrow(/not found/);
  });

  it('fails as it is told, until it is healed', async () => {
    store.fail({ type: 'AccessDeniedException' });
    await expect(read()).rejects.toThrow(/access denied/);
    store.fail(undefined);
    expect(await read()).toBe('first');
  });

  it('answers late when it is told to', async () => {
    store.delay(60_000);
    await expect(read(NAME, AbortSignal.timeout(100))).rejects.toThrow();
    store.delay(0);
    expect(await read()).toBe('first');
  });
});
