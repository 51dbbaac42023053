// The rendered configuration passes `haproxy -c` without a word, in every combination of what it can be told.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haproxyBin } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { type RenderConfig, renderConfigSchema } from '../../lib/render/config.js';
import { renderConsulAgent } from '../../lib/render/consul/agent.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { renderHAProxy, renderPart } from '../../lib/render/haproxy/render.js';
import { renderSystemd } from '../../lib/render/systemd/render.js';
import type { FrontendInput } from './rig.js';
import { PASSWORD_HASH } from './users.js';

let harness: Harness;
let certificate: string;
let caFile: string;
let stateFile: string;

beforeAll(async () => {
  harness = await startHarness();
  const { cert, key, certFile } = await makeCertificate(harness.dir, 'frontend');
  certificate = join(harness.dir, 'frontend.pem');
  caFile = certFile;
  stateFile = join(harness.dir, 'server-state');
  writeFileSync(certificate, cert + key);
  writeFileSync(stateFile, '1\n');
});
afterAll(() => harness.close());

function configOf(haproxy: FrontendInput, slots = 10, iri = true): RenderConfig {
  const pools = iri
    ? iriLayout.pools.map((pool) => ({ ...pool, ranges: pool.ranges.map((range) => ({ ...range, slots })) }))
    : [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web', slots }] }];
  return v.parse(renderConfigSchema, {
    pools,
    haproxy: { process: { user: null, group: null }, ...haproxy },
  });
}

/** What `haproxy -c` has to say beyond what is always said. */
async function check(config: RenderConfig): Promise<{ status: number; said: string[] }> {
  const file = join(harness.dir, 'checked.cfg');
  writeFileSync(file, renderHAProxy(config));
  return said(file);
}

async function said(file: string): Promise<{ status: number; said: string[] }> {
  return new Promise((resolve) => {
    execFile(haproxyBin(), ['-c', '-f', file], (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => /warning|alert|error/i.test(line));
      // 3.4 takes the time of a password's hash, of the fewest rounds there are here: a busy machine is not the text's fault.
      const said = lines.filter((line) => !/this password takes \d+ milliseconds to verify/.test(line));
      const isOther = said.length === lines.length || said.some((line) => line !== 'Warnings were found.');
      resolve({ status: error ? 1 : 0, said: isOther ? said : [] });
    });
  });
}

const CLEAN = { status: 0, said: [] };
const onOff = [false, true];
const combinations = onOff.flatMap((tls) =>
  onOff.flatMap((auth) =>
    onOff.flatMap((whitelist) =>
      onOff.flatMap((peers) => [1, 10, 2_000].map((slots) => ({ tls, auth, whitelist, peers, slots }))),
    ),
  ),
);

describe('haproxy -c', () => {
  it('has nothing to say about the defaults', async () => {
    expect(
      await check(
        v.parse(renderConfigSchema, { ...iriLayout, haproxy: { process: { user: null, group: null } } }),
      ),
    ).toEqual(CLEAN);
  });

  it.each(combinations)(
    'has nothing to say: TLS $tls, users $auth, whitelist $whitelist, peers $peers, $slots slots',
    async ({ tls, auth, whitelist, peers, slots }) => {
      const users = [{ name: 'wallet', password: PASSWORD_HASH }];
      const many = Array.from({ length: 200 }, (_, index) => `10.0.${index}.0/24`);
      const config = configOf(
        {
          frontend: {
            ...(tls ? { tls: { certificate } } : {}),
            ...(auth ? { auth: { users } } : {}),
            whitelist: whitelist ? ['127.0.0.1', '2001:db8::/32', ...many] : [],
          },
          // One authority is read faster than all that the system trusts, 4,000 times.
          servers: { caFile },
          stats: auth ? { auth: { users } } : {},
          ...(peers
            ? {
                peers: {
                  local: 'lb-1',
                  members: [
                    { name: 'lb-1', address: '127.0.0.1:10001' },
                    { name: 'lb-2', address: '[::1]:10001' },
                  ],
                },
              }
            : {}),
        },
        slots,
      );
      expect(await check(config)).toEqual(CLEAN);
    },
    // 12,000 servers take HAProxy 2.6 four seconds to read, and more on a busy machine.
    120_000,
  );

  const variants: Record<string, () => [FrontendInput, iri?: boolean]> = {
    'the state file': () => [{ stateFile }],
    'verified servers by a private authority and one name': () => [
      { servers: { caFile, verifyName: 'node.iri.example' } },
    ],
    'no health check': () => [{ servers: { healthCheck: false } }],
    'no limits, compression, statistics and second socket': () => [
      { limits: false, compression: false, stats: false, admin: { unix: null, read: null } },
    ],
    'a read socket on loopback': () => [{ admin: { read: '127.0.0.1:9990' } }],
    'every single limit off': () => [
      {
        limits: {
          requestRate: { max: 0 },
          requestCount: { max: 0 },
          connectionRate: { max: 0 },
          connections: 0,
        },
        servers: { maxRequestsPerBackend: 0 },
      },
    ],
    'no denied and no PoW command': () => [{ iri: { deniedCommands: [], powCommands: [] } }],
    'a hundred denied commands': () => [
      { iri: { deniedCommands: Array.from({ length: 100 }, (_, index) => `do${'x'.repeat(index % 60)}`) } },
    ],
    'the largest and the smallest body limit': () => [{ iri: { bodyLimitBytes: 16_777_216 } }],
    'logged bodies': () => [{ log: { bodyBytes: 40_000 } }],
    'a log by UDP': () => [{ log: { target: '127.0.0.1:514', facility: 'daemon' } }],
    'all addresses of both families': () => [{ frontend: { bind: '[::]:14267' } }],
    'sockets on IPv6': () => [{ admin: { bind: '[::1]:9999' }, stats: { bind: '[::1]:9292' } }],
    leastconn: () => [{ servers: { balance: 'leastconn' } }],
    'a plain web service in one backend': () => [{ iri: false }, false],
    'a web service with TLS and users': () => [
      {
        iri: false,
        frontend: { tls: { certificate }, auth: { users: [{ name: 'a', password: PASSWORD_HASH }] } },
      },
      false,
    ],
  };
  it.each(Object.entries(variants))('has nothing to say: %s', async (_name, variant) => {
    const [settings, iri] = variant();
    expect(await check(configOf(settings, 2, iri))).toEqual(CLEAN);
  });
});

describe('a part of it', () => {
  const config = configOf({ iri: false, stateFile: '/var/lib/haproxy/state' }, 3, false);

  it('is the backends as they stand in the whole', () => {
    const part = renderPart(config, 'backend');
    expect(part.match(/^[a-z]+ \S+$/gm)).toEqual(['backend web']);
    expect(renderHAProxy(config)).toContain(part.slice(part.indexOf('backend web')));
  });

  it('is the sockets of runs and of who looks, as they stand in the whole, and not the one for people', () => {
    const lines = renderPart(config, 'socket').trim().split('\n').slice(2);
    expect(lines).toEqual([
      'global',
      '    stats socket /run/haproxy/iri-lb.sock mode 660 level admin maxconn 1 backlog 64',
      '    stats socket /run/haproxy/iri-lb-read.sock mode 660 level user',
      '    stats timeout 35s',
    ]);
    for (const line of lines) expect(renderHAProxy(config)).toContain(line);
  });

  it.each(['backend', 'socket'] as const)(
    'can be pasted into a haproxy.cfg of somebody: %s',
    async (part) => {
      const file = join(harness.dir, 'own.cfg');
      const own =
        'global\n    maxconn 100\ndefaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\nlisten own\n    bind 127.0.0.1:8080\n';
      writeFileSync(file, own + renderPart(config, part));
      expect(await said(file)).toEqual(CLEAN);
    },
  );
});

describe('renderHAProxy', () => {
  it('gives the same text for the same settings, so that it can be compared with a running one', () => {
    const text = renderHAProxy(configOf({}));
    expect(renderHAProxy(configOf({}))).toBe(text);
    expect(text).not.toMatch(/\b20\d\d-\d\d/);
  });

  it('knows no IRI where the pools are something else', () => {
    const text = renderHAProxy(configOf({ iri: false }, 2, false));
    expect(text).not.toMatch(/command|IOTA|http-buffer-request|tune\.bufsize/);
    expect(text).toContain('frontend front\n');
    expect(text).toContain('http-check send meth GET uri /');
    expect(text).toContain('default_backend web');
  });

  it('shows nothing of IRI in any file where iri is off, whatever else is on', () => {
    const users = [{ name: 'a', password: PASSWORD_HASH }];
    const peers = { local: 'lb-1', members: [{ name: 'lb-1', address: '127.0.0.1:10001' }] };
    const everything: FrontendInput = {
      iri: false,
      frontend: { tls: { certificate: '/etc/front.pem' }, auth: { realm: 'web', users }, bind: '[::]:443' },
      servers: { caFile: '/etc/ca.pem', verifyName: 'web.example' },
      stats: { auth: { realm: 'web', users } },
      log: { bodyBytes: 100 },
      stateFile: '/var/lib/haproxy/state',
      gateway: { bind: '10.0.1.5:9998', sources: ['10.0.10.0/24'], clientNames: ['functions'] },
      peers,
    };
    const config = configOf(everything, 2, false);
    const texts = [
      renderHAProxy(config),
      ...renderSystemd(config).flatMap(({ path, text }) => [path, text]),
      renderConsulAgent(config, { forwarderUrl: 'http://127.0.0.1:8401' }),
      renderPolicy(config),
    ];
    // Our own name aside, and the salt of the password.
    const known = [/iri[-_]lb/g, PASSWORD_HASH];
    for (const text of texts)
      expect(known.reduce<string>((rest, word) => rest.replaceAll(word, ''), text)).not.toMatch(
        /iri|iota|pow|tangle/i,
      );
  });

  it('closes connections to servers only where a slot would keep those of its last owner', () => {
    const text = renderHAProxy(configOf({}));
    const [, condition = '', otherwise] = /\.if (.*)\n *\.else\n *(.*)\n *\.endif\n/.exec(text) ?? [];
    expect(otherwise).toBe('option http-server-close');
    expect(condition.split(' || ')).toEqual([
      'version_atleast(3.2)',
      'version_atleast(3.0.10) && version_before(3.1)',
      'version_atleast(2.8.15) && version_before(2.9)',
      'version_atleast(2.6.22) && version_before(2.7)',
    ]);
    expect(text.match(/http-server-close/g)).toHaveLength(1);
  });

  it("never has a client's name sent to nodes, nor their certificates verified by it", () => {
    const off = /\.if version_atleast\(3\.3\)\n *default-server no-sni-auto no-check-sni-auto\n *\.endif\n/;
    expect(renderHAProxy(configOf({}))).toMatch(off);
    const named = { servers: { verifyName: 'node.example' } };
    // Those whose certificates nobody verifies have no name of their own, either.
    expect(renderHAProxy(configOf(named))).toMatch(off);
    const verified = [{ prefix: 'v', transport: 'verified' as const, slots: 2 }];
    const pools = [{ backend: 'web', service: 'web', ranges: verified }];
    const config = v.parse(renderConfigSchema, { pools, haproxy: { iri: false, ...named } });
    expect(renderHAProxy(config)).not.toMatch(off);
  });

  it('makes the admin socket exclusive, at a path that no request reaches, and fills nothing before a run', () => {
    const text = renderHAProxy(configOf({}));
    expect(text).toMatch(/ stats socket \/run\/haproxy\/iri-lb\.sock .*level admin maxconn 1 backlog 64\n/);
    expect(text).toContain('stats timeout 35s\n');
    expect(text).not.toMatch(/stats socket [^/]/);
    expect(text).toContain('default-server init-addr last,0.0.0.0');
    for (const line of text.match(/^ *server-template.*$/gm) ?? [])
      expect(line).toMatch(/ slot\.invalid:1 .*disabled$/);
  });

  it('takes an address of 6to4 for no IPv4 address of the whitelist, but for what is listed as IPv6', async () => {
    const whitelist = ['127.0.0.1', '2002:a00::/24'];
    const config = configOf({ frontend: { bind: '[::]:14267', whitelist } });
    expect(await check(config)).toEqual(CLEAN);
    const text = renderHAProxy(config);
    expect(text).toContain(
      [
        '    acl whitelisted src 127.0.0.1 2002:a00::/24',
        '    acl six_to_four src 2002::/16',
        '    acl whitelisted_as_ipv6 src 2002:a00::/24',
        '    tcp-request connection reject if six_to_four whitelisted !whitelisted_as_ipv6',
        '',
      ].join('\n'),
    );
    expect(renderHAProxy(configOf({ frontend: { whitelist } }))).not.toContain('six_to_four');
  });

  it('refuses names that stand for no pool, all at once', () => {
    const wrong = configOf({ frontend: { defaultBackend: 'nope' }, iri: { powBackend: 'neither' } });
    expect(() => renderHAProxy(wrong)).toThrow(
      /defaultBackend: nope is no pool.*powBackend: neither is no pool/,
    );
  });

  it.each(['stats', 'front', 'iri_front'])(
    'refuses a pool by the name of a section of ours: %s',
    (backend) => {
      const pools = [{ backend, service: 'web', ranges: [{ prefix: 'web' }] }];
      expect(() => renderHAProxy(v.parse(renderConfigSchema, { pools }))).toThrow(
        `pools.0.backend: ${backend} is a name of ours`,
      );
    },
  );
});
