// The units of the hosts, as systemd sees them.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readForwarderOptions } from '../../lib/forwarder/options.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { gatewaySettings } from '../../lib/render/gateway-settings.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { type HostFile, printHostFiles, renderSystemd } from '../../lib/render/systemd/render.js';
import { HISTORY_FILE } from '../../lib/run/history/places.js';
import { root } from '../infra/example.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'iri-lb-units-'));
const units = join(folder, 'units');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const host = { stateFile: '/var/lib/haproxy/iri-lb.state' };
const gateway = { bind: '10.0.1.5:9998', sources: ['10.0.0.0/24', '10.0.1.0/24'] };
const config = v.parse(renderConfigSchema, { ...iriLayout, haproxy: { ...host, gateway } });

/** The package's own unit; where it is not installed, the parts of Debian's that the drop-in builds on. */
const INSTALLED_UNIT = '/lib/systemd/system/haproxy.service';
const DEBIAN_UNIT = `[Unit]
Description=HAProxy Load Balancer
[Service]
Environment="CONFIG=/etc/haproxy/haproxy.cfg" "PIDFILE=/run/haproxy.pid" "EXTRAOPTS=-S /run/haproxy-master.sock"
ExecStart=PROGRAM -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS
ExecReload=PROGRAM -Ws -f $CONFIG -c -q $EXTRAOPTS
ExecReload=/bin/kill -USR2 $MAINPID
KillMode=mixed
Restart=always
Type=notify
[Install]
WantedBy=multi-user.target
`;

/** Writes the units into a folder, with every program that they name standing there. */
beforeAll(() => {
  const haproxy = join(folder, 'sbin', 'haproxy');
  const home = join(folder, 'opt');
  for (const { path, mode, text } of renderSystemd(config, {
    haproxy,
    home,
    etc: join(folder, 'etc'),
  })) {
    write(path.replace('/etc/systemd/system', units), text, mode);
  }
  write(haproxy, '#!/bin/sh\n', '755');
  const ownUnit = existsSync(INSTALLED_UNIT)
    ? readFileSync(INSTALLED_UNIT, 'utf8').replaceAll('/usr/sbin/haproxy', 'PROGRAM')
    : DEBIAN_UNIT;
  write(join(units, 'haproxy.service'), ownUnit.replaceAll('PROGRAM', haproxy), '644');
});

function write(path: string, text: string, mode: HostFile['mode']): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text.replaceAll('/usr/bin/node', process.execPath));
  chmodSync(path, Number.parseInt(mode, 8));
}

/** systemd-analyze with our units before the system's; its words and its exit status. */
async function analyze(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const env = { ...process.env, SYSTEMD_UNIT_PATH: `${units}:`, SYSTEMD_PAGER: '' };
  try {
    const { stdout, stderr } = await run('systemd-analyze', args, { env });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: `${stdout}${stderr}` };
  }
}

it('keeps the history of run where iri-lb changes looks for it', () => {
  const unit = readFileSync(join(units, 'iri-lb.service'), 'utf8');
  expect(unit).toMatch(new RegExp(`^ExecStart=.* run --history ${HISTORY_FILE}$`, 'm'));
  expect(unit).toMatch(new RegExp(`^ExecReload=.* run --history ${HISTORY_FILE} --check$`, 'm'));
});

describe('the rendered units', () => {
  it.each(['haproxy.service', 'iri-lb-gateway.service', 'iri-lb-forwarder.service', 'iri-lb.service'])(
    '%s passes systemd-analyze verify without a word',
    async (unit) => {
      expect(await analyze('verify', '--man=no', join(units, unit))).toEqual({ code: 0, text: '' });
    },
  );

  // Exposure from 0 (none) to 10, times ten. HAProxy starts as root, to bind low ports and to become another user.
  it.each([
    ['iri-lb-gateway.service', 20],
    ['iri-lb-forwarder.service', 20],
    ['iri-lb.service', 20],
    ['haproxy.service', 55],
  ])('%s is exposed by at most %d', async (unit, most) => {
    const args = ['--offline=true', '--no-pager', `--threshold=${most}`];
    const { code, text } = await analyze('security', ...args, join(units, unit));
    expect(text).toMatch(/Overall exposure level/);
    expect({ code, text: code === 0 ? '' : text }).toEqual({ code: 0, text: '' });
  });

  it.each(['iri-lb-gateway.service', 'iri-lb-forwarder.service', 'iri-lb.service'])(
    '%s never gives up: what it lacks may come late',
    (unit) => {
      const text = readFileSync(join(units, unit), 'utf8');
      expect(text).toMatch(/^Restart=always$/m);
      // In [Unit]; elsewhere systemd ignores it.
      expect(text).toMatch(/^\[Unit\]\n(?:[^[].*\n)*StartLimitIntervalSec=0$/m);
    },
  );

  it('are exposed less than what Debian ships', async () => {
    const bare = join(folder, 'bare', 'bare.service');
    write(bare, DEBIAN_UNIT.replaceAll('PROGRAM', '/bin/true'), '644');
    const { code } = await analyze('security', '--offline=true', '--no-pager', '--threshold=55', bare);
    expect(code).not.toBe(0);
  });

  it('are all listed with path and mode, the program as a POSIX shell takes it', async () => {
    const files = renderSystemd(config);
    expect(files.map(({ path, mode }) => `${mode} ${basename(path)}`)).toEqual([
      '644 iri-lb.conf',
      '755 haproxy-state',
      '644 gateway.cfg',
      '644 iri-lb-gateway.service',
      '644 iri-lb.service',
      '644 iri-lb-forwarder.service',
    ]);
    const text = printHostFiles(files);
    for (const { path } of files) expect(text).toContain(`# ${path} (mode `);
    await run('sh', ['-n', join(folder, 'opt', 'bin', 'haproxy-state')]);
  });

  it('are rendered from the example configuration, which is the IRI layout on a host with a gateway', () => {
    const example = v.parse(
      renderConfigSchema,
      JSON.parse(readFileSync(join(root, 'infra/example.config.json'), 'utf8')),
    );
    expect(example.pools.map(({ backend, select }) => ({ backend, select }))).toEqual(
      config.pools.map(({ backend, select }) => ({ backend, select })),
    );
    const text = printHostFiles(renderSystemd(example));
    expect(text).toContain('server haproxy unix@/run/haproxy/functions.sock maxconn 1');
    expect(renderHAProxy(example)).toContain(
      'stats socket /run/haproxy/functions.sock group haproxy mode 660 level admin maxconn 1 backlog 64',
    );
  });

  it('leave the gateway out where there are no settings for it', () => {
    const without = v.parse(renderConfigSchema, { ...iriLayout, haproxy: host });
    expect(renderSystemd(without).map(({ path }) => basename(path))).not.toContain('gateway.cfg');
  });

  it('need a socket to save the state by', () => {
    const without = v.parse(renderConfigSchema, { ...iriLayout, haproxy: { admin: { unix: null } } });
    expect(() => renderSystemd(without)).toThrow(/haproxy\.admin\.unix: is null; name a socket/);
  });
});

describe('the forwarder of render systemd', () => {
  const rendered = (forwarderUrl: string): { unit: string; program: string } => {
    const files = renderSystemd(config, { forwarderUrl });
    const text = (name: string): string => files.find(({ path }) => path.endsWith(name))?.text ?? '';
    return { unit: text('forwarder.service'), program: text('haproxy-state') };
  };

  it.each([
    ['http://127.0.0.1:8500/', '127.0.0.1:8500', false],
    ['http://localhost:8402', 'localhost:8402', false],
    ['http://[::1]:8402', '[::1]:8402', false],
    ['http://10.0.3.7:8401', '10.0.3.7:8401', true],
    ['http://agent-1.internal:8401', 'agent-1.internal:8401', true],
  ])('listens where %s is told', (url, listen, allowRemote) => {
    const { unit, program } = rendered(url);
    const args = /^ExecStart=\/usr\/bin\/node .*\.mjs (.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
    // As the forwarder itself takes them.
    const options = readForwarderOptions(args, { WATCH_FUNCTION: 'iri-lb-watch', AWS_REGION: 'eu-west-1' });
    expect(options).toMatchObject({ allowRemote });
    expect(args.slice(0, 2)).toEqual(['--listen', listen]);
    expect(unit.includes(`# Only for the host of ${listen}.`)).toBe(allowRemote);
    expect(program).toContain(` -X POST http://${listen}/notify `);
  });

  it('is told the service of the first pool, whatever LB_CONFIG its own host has', () => {
    const pool = (service: string) => ({ backend: service, service, ranges: [{ prefix: 's' }] });
    const unitOf = (pools: object[]): string =>
      renderSystemd(v.parse(renderConfigSchema, { pools }))
        .find(({ path }) => path.endsWith('forwarder.service'))
        ?.text.match(/^ExecStart=.*$/m)?.[0] ?? '';
    expect(unitOf([pool('web'), pool('api')])).toMatch(/ --listen 127\.0\.0\.1:8401 --service web$/);
    expect(rendered('http://127.0.0.1:8401').unit).toMatch(/ --service iri$/m);
  });

  it('is told the services of the pools, as JSON that systemd hands on unchanged', () => {
    const pool = (backend: string, service: string) => ({ backend, service, ranges: [{ prefix: 's' }] });
    const pools = [pool('a', 'web'), pool('b', 'web'), pool('c', 'api')];
    const unit = renderSystemd(v.parse(renderConfigSchema, { pools })).find(({ path }) =>
      path.endsWith('forwarder.service'),
    )?.text;
    const [, word = ''] = /^Environment='(.*)'$/m.exec(unit ?? '') ?? [];
    // systemd.syntax(7): C escapes within quotes; systemd.unit(5): %% is a percent sign.
    const [name, text = ''] = word.replace(/\\(.)/g, '$1').replaceAll('%%', '%').split(/=(.*)/s);
    expect(name).toBe('LB_CONFIG');
    const env = { WATCH_FUNCTION: 'iri-lb-watch', AWS_REGION: 'eu-west-1', LB_CONFIG: text };
    expect(readForwarderOptions(['--service', 'web'], env)).toMatchObject({ services: ['web', 'api'] });
  });

  it.each([
    ['moon', /--forwarder: "moon" is no URL of a forwarder; use http:\/\/HOST:PORT/],
    ['https://127.0.0.1:8401', /is no URL of a forwarder/],
    ['http://127.0.0.1:8401/a;b', /is no URL of a forwarder/],
    ['http://127.0.0.1', /has port 80; use one from 1024/],
    ['http://0.0.0.0:8401', /is no URL of a forwarder/],
    ['http://$(reboot):8401', /is no URL of a forwarder/],
  ])('is refused at %s', (url, message) => {
    expect(() => rendered(url)).toThrow(message);
  });
});

describe('settings of the gateway', () => {
  it('refuse an address without networks, a low port and what is no network', () => {
    const refused = v.safeParse(gatewaySettings, { bind: '10.0.1.5:443', sources: ['moon'] });
    expect(refused.issues?.map((issue) => v.getDotPath(issue))).toEqual(['bind', 'sources.0']);
    expect(v.is(gatewaySettings, { bind: '10.0.1.5:9998', sources: [] })).toBe(false);
  });
});
