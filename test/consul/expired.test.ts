// A token that expires while it is in use. It takes more than a minute, Consul's shortest life: .ci/run does it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { noteSecret } from '../../infra/local/secrets.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import { failuresOf } from '../../lib/model/report.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { makeRunner } from '../../lib/run/runner.js';
import { type Rig, startRig } from '../integration/rig.js';

const EXPIRY_SECONDS = Number(process.env.EXPIRY_SECONDS) || 0;
const PARAMETER = '/iri-lb/token';
const AWS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const before = { ...process.env };
let rig: Rig;
let store: ParameterStore;

beforeEach(async () => {
  rig = await startRig();
  store = await startParameterStore();
  rig.harness.onClose(() => store.close());
  Object.assign(process.env, AWS, { AWS_ENDPOINT_URL_SSM: store.url });
});
afterEach(async () => {
  process.env = before;
  await rig?.harness.close();
});

/** A token of the rendered policy that ends after `seconds`. */
async function shortLived(seconds: number): Promise<string> {
  const { request } = rig.consul;
  await request('PUT', '/v1/acl/policy', { Name: 'iri-lb', Rules: renderPolicy(readSettings({}).config) });
  const token = { Policies: [{ Name: 'iri-lb' }], ExpirationTTL: `${seconds}s` };
  const { SecretID } = (await request('PUT', '/v1/acl/token', token)) as { readonly SecretID: string };
  noteSecret(SecretID);
  return SecretID;
}

test.runIf(EXPIRY_SECONDS > 0)(
  'when the token expires nobody leaves rotation and the run says why; the next token needs no restart',
  async () => {
    const instances = [1, 2, 3].map((n) => ({ node: `node-${n}`, address: `10.0.1.${n}` }));
    await rig.consul.catalogRegister(instances.map((row) => ({ ...row, service: 'iri', port: 14265 })));
    const token = await shortLived(EXPIRY_SECONDS);
    store.set(PARAMETER, token);
    const { CONSUL_HTTP_TOKEN: _, ...env } = rig.env;
    const runner = makeRunner(readSettings({ ...env, CONSUL_HTTP_TOKEN_PARAMETER: PARAMETER }));
    const run = async () => failuresOf(await runner.run({ mode: 'apply' }));
    expect(await run()).toEqual([]);
    const ready = await rig.ready('iri_back');
    expect(ready).toHaveLength(instances.length);

    // Every run until then is a clean one, with the token that is still good.
    const failed = async (): Promise<string | undefined> => (await run())[0];
    const patience = { timeoutMs: (EXPIRY_SECONDS + 60) * 1_000, everyMs: 1_000 };
    const failure = await waitFor(failed, { what: 'a run that fails', ...patience });
    expect(failure).toMatch(/403 "ACL not found"; check the token in parameter \/iri-lb\/token: /);
    await rig.consul.catalogDeregister([{ node: 'node-1', id: 'iri' }]);
    expect(await run()).toEqual([failure]);
    expect(await rig.ready('iri_back')).toEqual(ready);

    store.set(PARAMETER, await rig.consul.createPolicyToken(renderPolicy(readSettings({}).config)));
    expect(await run()).toEqual([]);
    expect(await rig.ready('iri_back')).toEqual(ready.slice(1));
  },
  (EXPIRY_SECONDS + 120) * 1_000,
);
