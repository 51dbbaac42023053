// What `iri-lb render` prints, running: the doctor has nothing to find, on a workstation and in a function.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler as resync } from '../../functions/resync/index.js';
import { handler as watch } from '../../functions/watch/index.js';
import type { HAProxy } from '../../infra/local/haproxy.js';
import { listenOnLoopback } from '../../infra/local/http-server.js';
import { environmentOf } from '../../infra/stack/environment.js';
import { lambdaContext } from '../../lib/cli/invoke.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { exampleSettings } from '../infra/example.js';
import { fill, PARAMETER, type Rig, startRig } from './rig.js';

const ROOT = new URL('../../', import.meta.url).pathname;
let rig: Rig;
let haproxy: HAProxy;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  rig = await startRig();
  haproxy = await rig.startServing();
  env = { ...rig.env, HAPROXY_ADDRESSES: haproxy.admin };
});
afterAll(() => rig.close());

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function iriLb(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', `${ROOT}node_modules/tsx/dist/loader.mjs`, `${ROOT}functions/iri-lb.ts`, ...args],
      { env: { PATH: process.env.PATH, ...env, ...more } },
      (_error, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

describe('on what is rendered, with the rendered policy', () => {
  it('iri-lb doctor has nothing to find and exits 0', async () => {
    const { status, stdout } = await iriLb(['doctor']);
    expect(
      stdout
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('ok ')),
    ).toEqual([expect.stringMatching(/^\d+ looked at, nothing to find$/)]);
    expect(status).toBe(0);
  });

  it('prints JSON in which everything that was looked at is ok', async () => {
    const { status, stdout } = await iriLb(['doctor', '--json']);
    expect(status).toBe(0);
    const { version, findings } = JSON.parse(stdout);
    expect(version).toBe(1);
    expect(new Set(findings.map(({ level, todo }: Record<string, unknown>) => `${level} ${todo}`))).toEqual(
      new Set(['ok null']),
    );
    expect(findings.map(({ area, subject }: Record<string, string>) => `${area} ${subject}`)).toEqual(
      expect.arrayContaining([
        `token parameter ${PARAMETER}`,
        `consul ${rig.consul.url}`,
        'consul ACLs',
        'consul service iri',
        'catalog iri',
        `haproxy ${haproxy.admin}`,
        `haproxy ${haproxy.admin} iri_back`,
        `haproxy ${haproxy.admin} iri_pow_back`,
      ]),
    );
  });

  it.each([
    ['watch', watch],
    ['resync', resync],
  ])('%s answers { "doctor": true } with the same, from inside the function', async (name, handler) => {
    const config = v.parse(renderConfigSchema, JSON.parse(env.LB_CONFIG ?? ''));
    const deployed = environmentOf({ ...exampleSettings(), config });
    Object.assign(process.env, env, { LB_CONFIG: deployed.LB_CONFIG });
    const { findings } = await handler({ doctor: true }, lambdaContext(name));
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(findings.length).toBeGreaterThan(10);
  });

  it('the built functions can load it', async () => {
    const { status, stdout } = await iriLb([
      'invoke',
      'resync',
      '--event',
      `${ROOT}functions/events/doctor.json`,
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).findings.map(({ level }: Record<string, string>) => level)).not.toContain(
      'error',
    );
  });

  it('changes nothing in HAProxy', async () => {
    // Without checks of HAProxy's own, which change what it lists, too.
    const lb = await rig.startLoadBalancer((text) => text.replaceAll(/ check inter .*/g, ''));
    await fill(lb, 'iri_back/irisrv1', '10.0.0.1:14265');
    const listing = async (): Promise<string> =>
      (await lb.query('show servers state')).replace(/^((?:\S+ ){9})\d+/gm, '$1-');
    const before = await listing();
    const { stdout } = await iriLb(['doctor'], { HAPROXY_ADDRESSES: lb.admin });
    expect(stdout).toMatch(/looked at/);
    expect(await listing()).toBe(before);
    await lb.stop();
  });

  it('has nothing to find after a run, either, and HAProxy has nothing to log of it', async () => {
    const node = createServer((_request, response) => response.end('{}'));
    const Port = await listenOnLoopback(node, 0).then((url) => Number(new URL(url).port));
    const lb = await rig.startLoadBalancer((text) => text.replace(/( check inter) \S+ .*/g, '$1 100s'));
    const one = { Name: 'iri', Address: '127.0.0.1' };
    await rig.consul.deregister('one');
    await rig.consul.register({ ...one, ID: 'a', Port, Tags: ['haproxy.weight=3', 'haproxy.pow=true'] });
    try {
      const more = { HAPROXY_ADDRESSES: lb.admin };
      expect((await iriLb(['apply'], more)).status).toBe(0);
      const { status, stdout } = await iriLb(['doctor', '--all'], more);
      expect(
        stdout
          .trim()
          .split('\n')
          .filter((line) => !line.startsWith('ok ')),
      ).toEqual([expect.stringMatching(/nothing to find$/)]);
      expect(stdout).toContain('iri_back: 1 of 1 ready servers serve');
      expect(status).toBe(0);
      expect(lb.child.output()).not.toMatch(/ALERT/);
    } finally {
      node.close();
      await lb.stop();
      await rig.consul.deregister('a');
      await rig.consul.register({ Name: 'iri', ID: 'one', Address: '10.0.0.1', Port: 14265 });
    }
  });

  it('exits 1 and says what to do when there is something to find', async () => {
    const port = await rig.harness.freePort();
    const { status, stdout } = await iriLb(['doctor'], {
      HAPROXY_ADDRESSES: `tcp://127.0.0.1:${port}`,
    });
    expect(stdout).toMatch(
      new RegExp(
        `^error +haproxy +tcp://127\\.0\\.0\\.1:${port}: cannot connect .*\\n +-> is HAProxy up`,
        'm',
      ),
    );
    expect(stdout).toMatch(/looked at, 1 to look after\n$/);
    expect(status).toBe(1);
  });

  it('never shows the token', async () => {
    const outputs = await Promise.all([
      iriLb(['doctor']),
      iriLb(['doctor', '--json']),
      iriLb(['doctor'], { CONSUL_HTTP_TOKEN_PARAMETER: '', CONSUL_HTTP_TOKEN: rig.token }),
      iriLb(['doctor', '--json'], { CONSUL_HTTP_ADDR: `${rig.consul.url},http://127.0.0.1:1` }),
    ]);
    const text = JSON.stringify(outputs);
    expect(text).toContain('iri_pow_back');
    expect(text).not.toContain(rig.token);
  });
});
