// Bad settings are refused, all at once and by their paths; no setting can write a line of its own.
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { frontendSettings } from '../../lib/render/settings.js';
import type { FrontendInput } from './rig.js';
import { PASSWORD_HASH } from './users.js';

/** Every text that a setting takes, one place each; `text` stands in for it. */
const texts: Record<string, (text: string) => object> = {
  'frontend.bind': (text) => ({ frontend: { bind: text } }),
  'frontend.tls.certificate': (text) => ({ frontend: { tls: { certificate: text } } }),
  'frontend.auth.realm': (text) => ({
    frontend: { auth: { realm: text, users: [{ name: 'a', password: PASSWORD_HASH }] } },
  }),
  'frontend.auth.users.0.name': (text) => ({
    frontend: { auth: { users: [{ name: text, password: PASSWORD_HASH }] } },
  }),
  'frontend.auth.users.0.password': (text) => ({
    frontend: { auth: { users: [{ name: 'a', password: text }] } },
  }),
  'frontend.whitelist.0': (text) => ({ frontend: { whitelist: [text] } }),
  'iri.deniedCommands.0': (text) => ({ iri: { deniedCommands: [text] } }),
  'iri.powCommands.0': (text) => ({ iri: { powCommands: [text] } }),
  'servers.caFile': (text) => ({ servers: { caFile: text } }),
  'servers.verifyName': (text) => ({ servers: { verifyName: text } }),
  'servers.healthCheck.path': (text) => ({ servers: { healthCheck: { path: text } }, iri: false }),
  'compression.types.0': (text) => ({ compression: { types: [text] } }),
  'process.user': (text) => ({ process: { user: text } }),
  'process.group': (text) => ({ process: { group: text } }),
  'admin.bind': (text) => ({ admin: { bind: text } }),
  'admin.unix': (text) => ({ admin: { unix: text } }),
  'admin.read': (text) => ({ admin: { read: text } }),
  'admin.unixMode': (text) => ({ admin: { unixMode: text } }),
  'stats.bind': (text) => ({ stats: { bind: text } }),
  'stats.metricsPath': (text) => ({ stats: { metricsPath: text } }),
  'log.target': (text) => ({ log: { target: text } }),
  'peers.local': (text) => ({ peers: { local: text, members: [{ name: text, address: '127.0.0.1:1' }] } }),
  'peers.members.0.address': (text) => ({ peers: { local: 'a', members: [{ name: 'a', address: text }] } }),
  stateFile: (text) => ({ stateFile: text }),
};

/** The configuration, or undefined where the setting is refused. */
function render(haproxy: object): string | undefined {
  const parsed = v.safeParse(renderConfigSchema, { ...iriLayout, haproxy });
  return parsed.success ? renderHAProxy(parsed.output) : undefined;
}

const hostile = [
  '',
  'a b',
  'a\nb',
  'a\r\nb',
  'a\tb',
  'a#b',
  'a"b',
  "a'b",
  'a\\b',
  'a$b',
  'a`b',
  'a;b',
  'a\0b',
  '/a b',
  '/a\nb',
  '/a#b',
  '/a"b',
  "/a'b",
  '/a\\b',
  '/a$b',
  '127.0.0.1:80 ssl',
  '127.0.0.1:80\n',
  'é',
];

describe.each(Object.entries(texts))('%s', (path, settingsWith) => {
  it.each(hostile)('refuses %j by its path', (text) => {
    const { issues } = v.safeParse(frontendSettings, settingsWith(text));
    expect(issues?.map((issue) => v.getDotPath(issue))).toContain(path);
  });

  it('whatever it is told, is refused or adds one word and no line', () => {
    const words = (text: string) => text.split('\n').map((line) => line.split(/\s+/).length);
    const sample = ['/a', '127.0.0.1:1', '127.0.0.1', 'a', 'a/b', '660', PASSWORD_HASH]
      .map((text) => render(settingsWith(text)))
      .find(Boolean);
    expect(sample).toBeDefined();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: 'grapheme-ascii' }).map((text) => `/${text}`),
          fc.ipV6(),
          fc.domain(),
        ),
        (text) => {
          const rendered = render(settingsWith(text));
          if (rendered === undefined) return;
          const added = words(rendered).length - words(sample ?? '').length;
          expect(added).toBe(0);
          expect(rendered).not.toMatch(/[^\n\x20-\x7e]/);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('settings', () => {
  it('are refused all at once', () => {
    const wrong: unknown = {
      frontend: { bind: 'here', whitelist: ['10.0.0.0/33'] },
      limits: { connections: -1, requestRate: { max: 1.5 } },
      iri: { bodyLimitBytes: '1' },
      log: { bodyBytes: 70_000 },
      unknown: 1,
    };
    const { issues } = v.safeParse(frontendSettings, wrong);
    expect(issues?.map((issue) => v.getDotPath(issue)).sort()).toEqual([
      'frontend.bind',
      'frontend.whitelist.0',
      'iri.bodyLimitBytes',
      'limits.connections',
      'limits.requestRate.max',
      'log.bodyBytes',
      'unknown',
    ]);
  });

  it.each<[string, FrontendInput]>([
    ['a peer that is no member', { peers: { local: 'a', members: [{ name: 'b', address: '127.0.0.1:1' }] } }],
    [
      'a member named twice',
      {
        peers: {
          local: 'a',
          members: [
            { name: 'a', address: '127.0.0.1:1' },
            { name: 'a', address: '127.0.0.1:2' },
          ],
        },
      },
    ],
    [
      'two members with one address',
      {
        peers: {
          local: 'a',
          members: [
            { name: 'a', address: '127.0.0.1:1' },
            { name: 'b', address: '127.0.0.1:1' },
          ],
        },
      },
    ],
    ['no user at all', { frontend: { auth: { users: [] } } }],
    [
      'a user named twice',
      {
        frontend: {
          auth: {
            users: [
              { name: 'a', password: PASSWORD_HASH },
              { name: 'a', password: PASSWORD_HASH },
            ],
          },
        },
      },
    ],
  ])('refuse %s', (_what, settings) => {
    expect(v.safeParse(frontendSettings, settings).success).toBe(false);
  });

  it('print addresses in one form', () => {
    const text = render({ frontend: { bind: '[0:0::0]:80', whitelist: ['2001:DB8:0:0::/32', '10.0.0.1'] } });
    expect(text).toContain('bind [::]:80 v4v6\n');
    expect(text).toContain('acl whitelisted src 2001:db8::/32 10.0.0.1\n');
  });

  it.each<[string, FrontendInput, string]>([
    [
      'frontend and admin socket',
      { frontend: { bind: '127.0.0.1:9999' }, admin: { bind: '127.0.0.1:9999' } },
      'admin.bind',
    ],
    ['frontend on all addresses and stats', { frontend: { bind: '0.0.0.0:9292' } }, 'stats.bind'],
    ['the sockets of people and of who looks', { admin: { read: '/run/haproxy/admin.sock' } }, 'admin.read'],
    ['both admin sockets', { admin: { bind: '/run/haproxy/admin.sock' } }, 'admin.unix'],
    [
      'frontend and local peer',
      {
        frontend: { bind: '[::]:1024' },
        peers: { local: 'a', members: [{ name: 'a', address: '10.0.0.1:1024' }] },
      },
      'peers.members',
    ],
    [
      'gateway for who looks and frontend',
      { gateway: { bind: '10.0.1.5:9998', readBind: '10.0.1.5:14267', sources: ['10.0.10.0/24'] } },
      'gateway.readBind',
    ],
    [
      'admin socket and gateway',
      {
        admin: { bind: '127.0.0.1:9999' },
        gateway: { bind: '127.0.0.1:9999', sources: ['10.0.0.0/8'] },
      },
      'gateway.bind',
    ],
  ])('refuse one address for %s: HAProxy would start without a word', (_what, settings, path) => {
    expect(() => render(settings)).toThrow(
      new RegExp(`LB_CONFIG\\.haproxy\\.${path.replace('.', '\\.')}: \\S+ is taken by LB_CONFIG`),
    );
  });

  it('refuse a gateway for who looks without the socket that it leads to', () => {
    const gateway = { bind: '10.0.1.5:9998', readBind: '10.0.1.5:9997', sources: ['10.0.10.0/24'] };
    expect(() => render({ admin: { read: null }, gateway })).toThrow(
      'LB_CONFIG.haproxy.gateway.readBind: needs haproxy.admin.read, which is null',
    );
  });

  it('take two addresses, and one of another', () => {
    const text = render({ frontend: { bind: '127.0.0.1:14267' }, stats: { bind: '127.0.0.2:14267' } });
    expect(text).toContain('bind 127.0.0.2:14267');
  });
});

describe('the PoW pool', () => {
  const [ordinary, pow] = iriLayout.pools;
  const frontendOf = (pools: unknown): string => {
    const text = renderHAProxy(v.parse(renderConfigSchema, { pools }));
    return /default_backend \S+/.exec(text)?.[0] + (/use_backend \S+/.exec(text)?.[0] ?? '');
  };

  it('is the one that only instances with the tag are in, whatever its name and place', () => {
    expect(frontendOf([ordinary, pow])).toBe('default_backend iri_backuse_backend iri_pow_back');
    expect(frontendOf([pow, ordinary])).toBe('default_backend iri_backuse_backend iri_pow_back');
    const renamed = [
      { ...ordinary, backend: 'nodes' },
      { ...pow, backend: 'workers' },
    ];
    expect(frontendOf(renamed)).toBe('default_backend nodesuse_backend workers');
  });

  it('never serves every request', () => {
    expect(() => frontendOf([pow])).toThrow(/iri_pow_back would serve every request; name another pool/);
  });
});
