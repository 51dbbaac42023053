// The rendered HAProxy with no more rights than its drop-in leaves it.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askSocket, haproxyBin } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { HAPROXY_CAPABILITIES } from '../../lib/render/systemd/haproxy-unit.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

// Only root has capabilities to give away.
it.skipIf(process.getuid?.() !== 0)('starts as another user on a low port, and keeps no right', async () => {
  const socket = join(harness.dir, 'people.sock');
  const functionsSocket = join(harness.dir, 'functions.sock');
  const stateFile = join(harness.dir, 'servers.state');
  const port = await harness.freePort(443);
  const config = v.parse(renderConfigSchema, {
    ...iriLayout,
    haproxy: {
      frontend: { bind: `127.0.0.1:${port}` },
      admin: { bind: functionsSocket, unix: socket, read: null },
      process: { user: 'nobody', group: 'nogroup' },
      stats: false,
      log: { target: 'stderr' },
      stateFile,
    },
  });
  const file = join(harness.dir, 'haproxy.cfg');
  writeFileSync(file, renderHAProxy(config));
  writeFileSync(stateFile, '1\n');

  const bounding = ['-all', ...HAPROXY_CAPABILITIES.map((name) => `+${name.slice(4).toLowerCase()}`)];
  const rights = [`--bounding-set=${bounding.join(',')}`, '--inh-caps=-all', '--no-new-privs'];
  const haproxy = await harness.spawn('haproxy', 'setpriv', [...rights, haproxyBin(), '-W', '-f', file]);
  await haproxy.until(async () => (await askSocket(socket, 'show info')).includes('Pid:'), {
    what: 'HAProxy to answer',
  });

  const pid = /^Pid: (\d+)$/m.exec(await askSocket(socket, 'show info'))?.[1];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  // The gateway is in this group, and in nothing else.
  for (const path of [socket, functionsSocket]) {
    const { gid, mode } = statSync(path);
    expect({ gid, mode: (mode & 0o777).toString(8) }).toEqual({ gid: 65_534, mode: '660' });
  }
});

it('asks for no right to chroot, since it does not', () => {
  expect(renderHAProxy(v.parse(renderConfigSchema, iriLayout))).not.toMatch(/^\s*chroot/m);
  expect(HAPROXY_CAPABILITIES).not.toContain('CAP_SYS_CHROOT');
});
