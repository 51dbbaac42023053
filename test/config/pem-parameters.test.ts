// PEM texts from parameters: fetched by the real SSM client, named when they cannot be had, never shown.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { readSettings } from '../../lib/config/environment.js';
import { withParameters } from '../../lib/config/pem-parameters.js';
import { invocation } from '../../lib/run/handler.js';
import { systemClock } from '../../lib/run/system-clock.js';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

let store: ParameterStore;

beforeEach(async () => {
  store = await startParameterStore({ '/lb/ca': PEM, '/lb/token': 'hunter2-secret' });
  vi.stubEnv('AWS_ENDPOINT_URL_SSM', store.url);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await store.close();
});

describe('PEM variables that name a parameter', () => {
  it('become the text of the parameter, as readSettings takes it', async () => {
    const env = await withParameters(
      { HAPROXY_CACERT: 'ssm:/lb/ca', CONSUL_CACERT: 'ssm:/lb/ca' },
      systemClock,
    );
    const settings = readSettings(env);
    expect(settings.haproxy.tls.ca).toBe(PEM);
    expect(settings.consul.tls.ca).toBe(PEM);
  });

  it('cost nothing where there are none', async () => {
    const env = { HAPROXY_CACERT: '/etc/ca.pem', HAPROXY_ADDRESSES: 'ssm:/no' };
    expect(await withParameters(env, systemClock)).toBe(env);
    expect(store.requests).toBe(0);
  });

  it('are all named when they cannot be had, and no value is shown', async () => {
    const failing = withParameters(
      { HAPROXY_CACERT: 'ssm:/lb/none', HAPROXY_CLIENT_KEY: 'ssm:/lb/token' },
      systemClock,
    );
    await expect(failing).rejects.toThrow(/HAPROXY_CACERT: parameter \/lb\/none: not found/);
    await expect(failing).rejects.toThrow(
      /HAPROXY_CLIENT_KEY: parameter \/lb\/token: its value is no PEM text/,
    );
    await expect(failing).rejects.not.toThrow(/hunter2/);
  });

  it('are waited for no longer than they are given, even by who does not listen to a signal', async () => {
    const deaf = (): Promise<string> => new Promise(() => {});
    await expect(
      withParameters({ HAPROXY_CACERT: 'ssm:/lb/ca' }, systemClock, deaf, { timeoutMs: 20 }),
    ).rejects.toThrow(
      /HAPROXY_CACERT: parameter \/lb\/ca: no answer within 20 ms; is the SSM endpoint reachable/,
    );
  });

  it("cost a function no more than its time, and the end is in the log's line", async () => {
    store.delay(60_000);
    vi.stubEnv('HAPROXY_CACERT', 'ssm:/lb/ca');
    const lines: string[] = [];
    const written = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      lines.push(String(text));
      return true;
    });
    const end = Date.now() + 600;
    const context = {
      awsRequestId: 'id',
      functionName: 'resync',
      getRemainingTimeInMillis: () => end - Date.now(),
    };
    try {
      await expect(invocation(context, () => Promise.reject(new Error('not reached')))).rejects.toThrow(
        "the function's time was over before the run was done; is Consul or the parameter store slow",
      );
    } finally {
      written.mockRestore();
    }
    expect(lines.join('')).toContain("the function's time was over");
  });
});
