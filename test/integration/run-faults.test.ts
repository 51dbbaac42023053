// `iri-lb run` and what happens around it: Consul and HAProxy that go and come back, tokens, ports, and another run.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings, readSettingsWith } from '../../lib/config/environment.js';
import { diagnosisOfRun } from '../../lib/doctor/local-run.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import { parseAdminAddress } from '../../lib/model/admin-address.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { readLocalRun } from '../../lib/run/local-run.js';
import { makeRunner } from '../../lib/run/runner.js';
import { type RunProcess, spawnRun, startRun, startSurroundings, webConfig, webRow } from './run-rig.js';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

/** Stops it when it does not hold the admin socket, which nobody else would get otherwise. */
async function stopBesideTheSocket({ child }: RunProcess, { admin }: HAProxy): Promise<void> {
  const address = parseAdminAddress(admin);
  if (address?.kind !== 'tcp') throw new Error(`${admin} is no TCP address`);
  await waitFor(
    async () => {
      child.signal('SIGSTOP');
      try {
        await (await connectRuntime(address, FREE_AT_ONCE)).close();
        return true;
      } catch {
        child.signal('SIGCONT');
        return false;
      }
    },
    { what: 'it to be stopped while it does not hold the admin socket', everyMs: 20 },
  );
}

/** All in milliseconds: a socket that nobody holds answers within a few. */
const FREE_AT_ONCE = {
  connectTimeoutMs: 1_000,
  promptTimeoutMs: 1_000,
  answerTimeoutMs: 1_000,
  totalTimeoutMs: 2_000,
};

const FIRST = ['10.0.0.1:80'];
const BOTH = ['10.0.0.1:80', '10.0.0.2:80'];

describe('iri-lb run', () => {
  it('follows a Consul that lost all it knew, and counts from the start', async () => {
    const around = await startSurroundings(harness);
    const { consul } = around;
    await consul.catalogRegister(Array.from({ length: 20 }, (_, at) => webRow(at + 1)));
    const run = await startRun(harness, around.env, { args: ['--resync', '1h'] });
    await around.untilReady(Array.from({ length: 20 }, (_, at) => `10.0.0.${at + 1}:80`));
    await consul.stop();
    await run.until('the watch to fail', ({ watches }) => watches.some(({ error }) => error !== null));
    expect(await around.ready()).toHaveLength(20);
    await consul.restart();
    await consul.catalogRegister([webRow(1)]);
    await around.untilReady(FIRST);
    await consul.catalogRegister([webRow(2)]);
    await around.untilReady(BOTH);
    expect((await run.health()).watches).toEqual([{ service: 'web', error: null }]);
    expect(run.child.output()).toMatch(/consul: service web is watched again/);
  }, 60_000);

  it('fills a HAProxy that is another process, after a restart and after a reload', async () => {
    const around = await startSurroundings(harness);
    await around.consul.catalogRegister([webRow(1), webRow(2)]);
    const run = await startRun(harness, around.env, { args: ['--resync', '1h'] });
    await around.untilReady(BOTH);
    await around.haproxy.restart();
    await around.untilReady(BOTH);
    const filled = () => run.lines().filter(({ message }) => message === 'run changed').length;
    await run.until('its run to end', () => filled() === 2);
    await around.haproxy.reload();
    await around.untilReady(BOTH);
  }, 60_000);

  it('takes nobody away of those who came while it stood still', async () => {
    const around = await startSurroundings(harness);
    await around.consul.catalogRegister([webRow(1)]);
    const run = await startRun(harness, around.env, { args: ['--resync', '1h'] });
    await around.untilReady(FIRST);
    await stopBesideTheSocket(run, around.haproxy);
    // Its query is answered with the second one alone, and another process brings both.
    await around.consul.catalogRegister([webRow(2)]);
    await around.consul.catalogRegister([webRow(3)]);
    await makeRunner(readSettings(around.env)).run({ mode: 'apply' });
    const three = [...BOTH, '10.0.0.3:80'];
    expect(await around.ready()).toEqual(three);
    const before = run.lines().length;
    run.child.signal('SIGCONT');
    const ended = () => run.lines().slice(before);
    await run.until('a run', () => ended().some(({ message }) => /^run /.test(`${message}`)));
    expect(ended().filter(({ action }) => action === 'remove')).toEqual([]);
    expect(await around.ready()).toEqual(three);
  }, 60_000);

  it('waits for a Consul and a HAProxy that come later', async () => {
    const around = await startSurroundings(harness, { acls: false, persistent: true });
    await around.consul.catalogRegister([webRow(1)]);
    await around.haproxy.stop();
    await around.consul.stop();
    const run = await startRun(harness, around.env, { args: ['--resync', '1h'] });
    const { failing, ok } = await run.health();
    expect({ ok, errors: failing?.errors.length }).toEqual({ ok: true, errors: 1 });
    await around.consul.restart();
    await around.haproxy.restart();
    await around.untilReady(FIRST);
    await run.until('no failure', (health) => health.failing === null);
  }, 60_000);

  it('says that its token is wrong, serves on with one whose file went, and takes the next', async () => {
    const around = await startSurroundings(harness, {});
    const { consul, env } = around;
    const settings = readSettingsWith(renderConfigSchema, env);
    const rules = renderPolicy(settings.config, {
      loadBalancers: settings.haproxy.addresses,
      namespace: undefined,
    });
    const tokens = [await consul.createPolicyToken(rules), await consul.createPolicyToken(rules)] as const;
    const file = join(harness.dir, 'token');
    writeFileSync(file, '11111111-2222-3333-4444-555555555555');
    await consul.catalogRegister([webRow(1)]);
    const { CONSUL_HTTP_TOKEN: _none, ...others } = env;
    const run = await startRun(harness, { ...others, CONSUL_HTTP_TOKEN: '', CONSUL_HTTP_TOKEN_FILE: file });
    expect((await run.health()).failing?.errors[0]).toMatch(/403.*check the token in file /);
    writeFileSync(file, tokens[0]);
    await around.untilReady(FIRST);

    rmSync(file);
    await consul.catalogRegister([webRow(2)]);
    await around.untilReady(BOTH);
    // HAProxy has the new instance before the token is read for what follows.
    const saysSo = (warning: string): boolean => /ENOENT.*the token read before is used on/.test(warning);
    await run.until('the word on its file', ({ warnings }) => warnings.some(saysSo));
    run.child.signal('SIGHUP');
    const { rejected } = await run.until('the refusal', (health) => health.rejected !== null);
    expect(rejected?.problems).toEqual([expect.stringMatching(/^file .* cannot be read \(ENOENT\)/)]);

    await consul.deleteToken(tokens[0]);
    writeFileSync(file, tokens[1]);
    await consul.catalogDeregister([{ node: 'node-2', id: 'web' }]);
    await around.untilReady(FIRST);
    for (const token of tokens) expect(run.child.output()).not.toContain(token);
  }, 60_000);
});

describe('two of them on one host', () => {
  it('do no harm with one configuration, but the port is one', async () => {
    const around = await startSurroundings(harness);
    const run = await startRun(harness, around.env);
    const listen = run.url.replace('http://', '');
    const refused = await spawnRun(harness, around.env, ['--listen', listen, '--dry']);
    expect(await refused.ended).toBe('exit 1');
    expect(refused.output()).toBe(
      `iri-lb: --listen ${listen}: the port is taken, by another iri-lb run? Stop that one, or name another port, or off\n`,
    );
    const other = await startRun(harness, around.env);
    await around.consul.catalogRegister([webRow(1)]);
    await around.untilReady(FIRST);
    const [one, two] = [await run.health(), await other.health()];
    expect(one.fingerprint).toBe(two.fingerprint);
    expect([...one.contested, ...two.contested]).toEqual([]);
  }, 60_000);

  it('find out that they want different things', async () => {
    const around = await startSurroundings(harness);
    await around.consul.catalogRegister([webRow(1)]);
    const resync = { args: ['--resync', '1s'] };
    const one = await startRun(harness, { ...around.env, LB_CONFIG: webConfig({ maxconn: 5 }) }, resync);
    const two = await startRun(harness, { ...around.env, LB_CONFIG: webConfig({ maxconn: 7 }) }, resync);
    const { contested } = await one.until(
      'it to be contested',
      (health) => health.contested.length > 0,
      30_000,
    );
    expect(contested).toEqual([
      expect.objectContaining({ backend: 'web', field: 'maxconn', ours: '5', theirs: '7' }),
    ]);
    await two.until('the other, too', (health) => health.contested.length > 0, 30_000);
    await one.until('a warning of it', ({ warnings }) =>
      warnings.some((text) => /somebody else sets/.test(text)),
    );
    const local = await readLocalRun({ IRI_LB_RUN: one.url });
    expect(diagnosisOfRun(local).map(({ finding }) => finding)).toContainEqual(
      expect.stringMatching(
        /^web\/web\d+: somebody else sets its maxconn to 7 whenever it is set to 5 here$/,
      ),
    );
  }, 90_000);
});
