// What people get wrong: one clear line each, an exit status above 0, and nothing written.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, startRig } from './rig.js';

const ENTRY = new URL('../../functions/iri-lb.ts', import.meta.url).pathname;
const TSX = new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url).href;
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.consul.register({ Name: 'iri', ID: 'one', Address: '10.0.0.1', Port: 14265 });
});
afterAll(() => rig.harness.close());

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function iriLb(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', TSX, ENTRY, ...args],
      { env: { PATH: process.env.PATH, ...rig.env, ...env } },
      (_error, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('iri-lb', { timeout: 120_000 }, () => {
  it('plans (exit 2), applies (0), applies again with nothing to change (0), and plans in sync (0)', async () => {
    const pending = await iriLb(['plan']);
    expect(pending.status).toBe(2);
    expect(pending.stdout).toMatch(/^ {2}\+ irisrv\d\s.*10\.0\.0\.1:14265.*\(passing in Consul\)$/m);
    expect(await rig.ready('iri_back')).toEqual([]);
    expect((await iriLb(['apply'])).status).toBe(0);
    const again = await iriLb(['apply']);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing changed') });
    expect((await iriLb(['plan', '--json'])).status).toBe(0);
    const status = await iriLb(['status', '--json']);
    expect(JSON.parse(status.stdout).loadBalancers[0].slots).toMatchObject([
      { instance: expect.stringMatching(/\/one$/), state: 'ready' },
    ]);
  });

  it('says that nobody listens at a HAProxy address', async () => {
    const port = await rig.harness.freePort();
    const { status, stderr } = await iriLb(['apply'], { HAPROXY_ADDRESSES: `tcp://127.0.0.1:${port}` });
    expect(status).toBe(1);
    expect(stderr).toBe(
      `iri-lb: haproxy tcp://127.0.0.1:${port}: cannot connect (connect ECONNREFUSED 127.0.0.1:${port}); is HAProxy up, with its admin socket there?\n`,
    );
  });

  it('says that Consul does not answer, once and in the end', async () => {
    const port = await rig.harness.freePort();
    const { status, stderr } = await iriLb(['apply'], { CONSUL_HTTP_ADDR: `http://127.0.0.1:${port}` });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^iri-lb: consul: service iri: http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    );
    expect(stderr).not.toContain(rig.consul.token);
  });

  it('names a backend that HAProxy lacks, and serves the others', async () => {
    const pools = ['iri_back', 'nope'].map((backend) => ({
      backend,
      service: 'iri',
      ranges: [{ prefix: 'irisrv' }],
    }));
    await rig.consul.register({ Name: 'iri', ID: 'two', Address: '10.0.0.2', Port: 14265 });
    const { status, stderr } = await iriLb(['apply'], { LB_CONFIG: JSON.stringify({ pools }) });
    expect(status).toBe(1);
    expect(stderr).toBe(
      `iri-lb: haproxy ${rig.haproxy.admin}: has no backend nope; declare it (iri-lb render haproxy shows how) or change the pools in LB_CONFIG\n`,
    );
    expect((await rig.ready('iri_back')).join()).toContain('10.0.0.2:14265');
  });

  it('names every problem of a configuration at once, each with its path', async () => {
    const config = {
      pools: [{ backend: 'a b', service: 'iri', ranges: [{ prefix: 's1', transport: 'tls' }] }],
      colour: 'red',
    };
    const { status, stderr } = await iriLb(['plan'], {
      LB_CONFIG: JSON.stringify(config),
      HAPROXY_ADDRESSES: 'http://x',
    });
    expect(status).toBe(1);
    for (const path of [
      'HAPROXY_ADDRESSES',
      'pools.0.backend',
      'pools.0.ranges.0.prefix',
      'pools.0.ranges.0.transport',
      'colour',
    ]) {
      expect(stderr).toContain(path);
    }
    expect((await iriLb(['plan'], { LB_CONFIG: '/nowhere.json' })).stderr).toMatch(
      /LB_CONFIG: cannot read "\/nowhere\.json" \(ENOENT\)/,
    );
    expect((await iriLb(['plan'], { LB_CONFIG: '{' })).stderr).toMatch(/LB_CONFIG: not JSON/);
  });

  it('says what is wrong with an event file', async () => {
    const folder = join(rig.harness.dir, 'events');
    mkdirSync(folder);
    const bad = join(folder, 'bad.json');
    writeFileSync(bad, '{');
    const missing = await iriLb(['invoke', 'watch', '--event', join(folder, 'none.json')]);
    expect(missing).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^iri-lb: event file .*cannot be read/),
    });
    const broken = await iriLb(['invoke', 'watch', '--event', bad]);
    expect(broken).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^iri-lb: event file .*is not JSON/),
    });
    writeFileSync(bad, '{"service":"iri"}');
    const wrong = await iriLb(['invoke', 'watch', '--event', bad]);
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('index') });
    const unknown = await iriLb(['invoke', 'nothing']);
    expect(unknown).toMatchObject({
      status: 64,
      stderr: 'iri-lb: no function by the name "nothing"; use watch, resync\n',
    });
  });

  it('runs the built bundles with a Lambda-like context', async () => {
    const watch = await iriLb([
      'invoke',
      'watch',
      '--event',
      new URL('../../functions/events/watch.json', import.meta.url).pathname,
    ]);
    expect(watch.status).toBe(0);
    const resync = await iriLb(['invoke', 'resync']);
    expect(JSON.parse(resync.stdout)).toMatchObject({
      version: 1,
      loadBalancers: [{ outcome: 'unchanged' }],
    });
  });
});
