// `iri-lb render`: what it prints, where it writes, and what it says about mistakes.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { registerRender } from '../../lib/cli/render.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy, renderPart } from '../../lib/render/haproxy/render.js';
import { runProgram } from '../cli/run-program.js';
import { PASSWORD_HASH } from './users.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

async function render(args: readonly string[], haproxy: object = {}) {
  const result = { out: '', err: '', status: 0 };
  const program = new Command();
  registerRender(program, {
    out: (line) => {
      result.out += `${line}\n`;
    },
    err: (line) => {
      result.err += `${line}\n`;
    },
    env: { LB_CONFIG: JSON.stringify({ ...iriLayout, haproxy }) },
    exit: (status) => {
      result.status = status;
    },
  });
  await program.parseAsync(['render', ...args], { from: 'user' });
  return result;
}

const members = ['lb-1', 'lb-2'].map((name, index) => ({ name, address: `10.0.0.${index + 1}:10000` }));

describe('iri-lb render', () => {
  it('prints the configuration and nothing else to stdout, so that it can be piped into diff', async () => {
    const { out, status } = await render(['haproxy']);
    expect(out).toBe(renderHAProxy(v.parse(renderConfigSchema, iriLayout)));
    expect(status).toBe(0);
  });

  it('notes on stderr that a reload empties the slots where no state file is set', async () => {
    expect((await render(['haproxy'])).err).toMatch(/^note: .*stateFile/);
    const servers = { caFile: '/etc/iri-lb/nodes-ca.pem' };
    const settled = { stateFile: '/var/lib/haproxy/server-state', servers };
    expect((await render(['haproxy'], settled)).err).toBe('');
  });

  it('notes on stderr that any certificate will do where verified servers have no name and no authority', async () => {
    const stateFile = '/var/lib/haproxy/server-state';
    expect((await render(['haproxy'], { stateFile })).err).toMatch(
      /^note: verified servers may have a certificate of any public authority, for any name/,
    );
    const named = { stateFile, servers: { verifyName: 'nodes.example' } };
    expect((await render(['haproxy'], named)).err).toBe('');
  });

  it('notes on stderr passwords in plain text and an admin socket that others reach', async () => {
    const stateFile = '/var/lib/haproxy/server-state';
    const servers = { verifyName: 'nodes.example' };
    const auth = { users: [{ name: 'wallet', password: PASSWORD_HASH }] };
    const open = { stateFile, servers, frontend: { auth }, admin: { bind: '0.0.0.0:9999' } };
    const { err } = await render(['haproxy'], open);
    expect(err.trim().split('\n')).toEqual([
      expect.stringMatching(/^note: passwords cross the network in plain text: haproxy\.frontend\.auth/),
      expect.stringMatching(
        /^note: whoever reaches 0\.0\.0\.0:9999 controls this HAProxy: give haproxy\.admin/,
      ),
    ]);
  });

  it('notes on stderr that the gateway has no group by which it gets in', async () => {
    const gateway = { bind: '10.0.1.5:9998', sources: ['10.0.10.0/24'] };
    const admin = { bind: '/run/haproxy/functions.sock' };
    const haproxy = { stateFile: '/var/lib/haproxy/server-state', admin, gateway };
    expect((await render(['systemd'], haproxy)).err).toBe('');
    const { err } = await render(['systemd'], { ...haproxy, process: { group: null } });
    expect(err).toMatch(
      /^note: haproxy\.process\.group is null: the gateway gets in at \/run\/haproxy\/functions/,
    );
  });

  it('prints a part alone with --only, and refuses a part that is none', async () => {
    const config = v.parse(renderConfigSchema, iriLayout);
    expect((await render(['haproxy', '--only', 'backend'])).out).toBe(renderPart(config, 'backend'));
    const file = join(harness.dir, 'socket.cfg');
    expect((await render(['haproxy', '--only', 'socket', '--out', file])).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(renderPart(config, 'socket'));
    const refused = await render(['haproxy', '--only', 'frontend']);
    expect([refused.status, refused.err]).toEqual([
      64,
      'iri-lb: --only: nothing by the name "frontend" in haproxy.cfg; use backend or socket\n',
    ]);
    expect((await render(['consul', '--only', 'backend'])).err).toMatch(/--only: is for render haproxy/);
  });

  it('refuses a forwarder that is no URL, also for the watch', async () => {
    const { out, err, status } = await render(['consul', '--forwarder', '10.0.3.7:8401']);
    expect({ out, status }).toEqual({ out: '', status: 64 });
    expect(err).toMatch(/--forwarder: "10\.0\.3\.7:8401" is no URL of a forwarder; use http:\/\/HOST:PORT/);
  });

  it('refuses what is no configuration, in one line that names those that are', async () => {
    const { status, err } = await runProgram(['render', 'nothing'], {});
    expect([status, err.trim().split('\n')]).toEqual([64, [expect.stringMatching(/nothing.*haproxy.*host/)]]);
  });

  it('writes a file where it is told to', async () => {
    const file = join(harness.dir, 'haproxy.cfg');
    expect((await render(['haproxy', '--out', file])).out).toBe('');
    expect(readFileSync(file, 'utf8')).toBe(renderHAProxy(v.parse(renderConfigSchema, iriLayout)));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each(['haproxy', 'consul', 'policy', 'systemd'])(
    'replaces its own earlier %s with --out, and no file of somebody else',
    async (what) => {
      const file = join(harness.dir, `replaced-${what}`);
      const nobodys = '# written by hand\n{"watches": [{"type": "checks"}]}\n';
      writeFileSync(file, nobodys);
      const refused = await render([what, '--out', file]);
      expect([refused.status, refused.err]).toEqual([
        1,
        expect.stringMatching(/is there, and is no rendering of ours; name another file, or say --force$/m),
      ]);
      expect(readFileSync(file, 'utf8')).toBe(nobodys);
      expect((await render([what, '--out', file, '--force'])).status).toBe(0);
      // Settings have changed since.
      writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
      expect((await render([what, '--out', file])).status).toBe(0);
      expect(readFileSync(file, 'utf8')).not.toMatch(/\n\n$/);
    },
  );

  it('renders each load balancer of a fleet from one configuration', async () => {
    const { out } = await render(['haproxy', '--peer', 'lb-2'], { peers: { local: 'lb-1', members } });
    expect(out).toContain('localpeer lb-2\n');
  });

  it.each([
    ['consul', '"watches"'],
    ['policy', 'service "iri"'],
    ['systemd', '[Service]'],
  ])('renders %s', async (what, part) => {
    expect((await render([what])).out).toContain(part);
  });

  it.each([
    [1, ['haproxy', '--out', '/no/such/folder/x'], {}, /cannot write "\/no\/such\/folder\/x"/],
    [
      64,
      ['haproxy', '--peer', 'lb-3'],
      { peers: { local: 'lb-1', members } },
      /--peer: "lb-3" is no member \(lb-1, lb-2\)/,
    ],
    [1, ['haproxy'], { frontend: { bind: 'x' } }, /LB_CONFIG\.haproxy\.frontend\.bind: use "address:port"/],
  ])('says in one line what is wrong, and exits %d: %j', async (exit, args, settings, message) => {
    const { err, out, status } = await render(args, settings);
    expect(err.trim().split('\n')).toEqual([expect.stringMatching(message)]);
    expect(out).toBe('');
    expect(status).toBe(exit);
  });
});
