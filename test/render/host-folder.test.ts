// `iri-lb render host`: the files of one host as a folder, and that nothing but an earlier rendering is replaced.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { runProgram } from '../cli/run-program.js';

const hosts = [
  { name: 'lb-1', address: '10.0.1.5', role: 'load-balancer' },
  { name: 'lb-2', address: '10.0.2.5', role: 'load-balancer' },
  { name: 'agent-1', address: '10.0.3.7', role: 'agent' },
  { name: 'both', address: '10.0.4.4', role: 'load-balancer' },
  { name: 'both', address: '10.0.4.4', role: 'agent' },
];
const gateway = { bind: '10.0.1.5:9998', readBind: '10.0.1.5:9997', sources: ['10.0.10.0/24'] };
const haproxy = {
  gateway,
  stateFile: '/var/lib/haproxy/iri-lb.state',
  servers: { caFile: '/etc/nodes-ca.pem' },
};

let folder: string;
let bundles: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iri-lb-host-'));
  bundles = join(folder, 'dist');
  mkdirSync(bundles);
  for (const name of ['forwarder.mjs', 'node-check.mjs']) writeFileSync(join(bundles, name), `// ${name}\n`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tree = (name: string): string => join(folder, 'hosts', name);
const render = (name: string, config: object = {}, ...more: readonly string[]) =>
  runProgram(
    ['render', 'host', name, '--out', tree(name), ...more],
    { LB_CONFIG: JSON.stringify({ ...iriLayout, hosts, haproxy, ...config }) },
    { bundles },
  );
const read = (name: string, path: string): string => readFileSync(join(tree(name), path), 'utf8');
const modeOf = (name: string, path: string): string =>
  (statSync(join(tree(name), path)).mode & 0o777).toString(8);
const pathsIn = (name: string): string[] =>
  readdirSync(tree(name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree(name).length))
    .sort();

const OF_BALANCER = [
  '/etc/haproxy/haproxy.cfg',
  '/etc/iri-lb/gateway.cfg',
  '/etc/systemd/system/haproxy.service.d/iri-lb.conf',
  '/etc/systemd/system/iri-lb-gateway.service',
  '/etc/systemd/system/iri-lb.service',
  '/opt/iri-lb/bin/haproxy-state',
];
const OF_AGENT = [
  '/etc/consul.d/iri-lb.json',
  '/etc/systemd/system/iri-lb-forwarder.service',
  '/opt/iri-lb/dist/forwarder.mjs',
  '/opt/iri-lb/node-check.mjs',
];
const LIST = '/etc/iri-lb/rendered.json';

describe('a load balancer', () => {
  it('has its files under their paths, with their modes, and the gateway at its own address', async () => {
    const { status, out } = await render('lb-2');
    expect(status).toBe(0);
    expect(pathsIn('lb-2')).toEqual([...OF_BALANCER, LIST].sort());
    expect(out.split('\n').sort()).toEqual(OF_BALANCER.map((path) => join(tree('lb-2'), path)));
    const config = v.parse(renderConfigSchema, { ...iriLayout, haproxy });
    expect(read('lb-2', '/etc/haproxy/haproxy.cfg')).toBe(renderHAProxy(config));
    const text = read('lb-2', '/etc/iri-lb/gateway.cfg');
    expect(text.match(/bind \S+/g)).toEqual(['bind 10.0.2.5:9998', 'bind 10.0.2.5:9997']);
    expect(modeOf('lb-2', '/etc/haproxy/haproxy.cfg')).toBe('600');
    expect(modeOf('lb-2', '/opt/iri-lb/bin/haproxy-state')).toBe('755');
    expect(modeOf('lb-2', '/etc/systemd/system/iri-lb-gateway.service')).toBe('644');
    expect(modeOf('lb-2', '/etc/iri-lb/gateway')).toBe('700');
  });

  it('says what has to be added, until it is there, and touches none of it', async () => {
    const { err } = await render('lb-1');
    const named = [...err.matchAll(/^add (\S+): /gm)].map(([, path]) => path);
    const keys = ['/etc/iri-lb/gateway/server.pem', '/etc/iri-lb/gateway/ca.pem', '/etc/nodes-ca.pem'];
    expect(named).toEqual(keys.map((path) => join(tree('lb-1'), path)));
    const key = join(tree('lb-1'), keys[0] ?? '');
    writeFileSync(key, 'a key', { mode: 0o600 });
    const again = await render('lb-1');
    expect(again.err).not.toContain('server.pem');
    expect(again.err).toContain('ca.pem');
    expect(readFileSync(key, 'utf8')).toBe('a key');
  });

  it('is the peer of its name', async () => {
    const members = ['lb-1', 'lb-2'].map((name, at) => ({ name, address: `10.0.${at + 1}.5:10000` }));
    await render('lb-2', { haproxy: { ...haproxy, peers: { local: 'lb-1', members } } });
    expect(read('lb-2', '/etc/haproxy/haproxy.cfg')).toContain('localpeer lb-2\n');
  });
});

describe("a Consul agent's host", () => {
  it('has unit, watch and our programs, and says which environment they want', async () => {
    const { err, status } = await render('agent-1');
    expect(status).toBe(0);
    expect(pathsIn('agent-1')).toEqual([...OF_AGENT, LIST].sort());
    expect(read('agent-1', '/opt/iri-lb/node-check.mjs')).toBe('// node-check.mjs\n');
    expect(JSON.parse(read('agent-1', '/etc/consul.d/iri-lb.json')).watches).toHaveLength(1);
    expect(err).toBe(
      `add ${join(tree('agent-1'), '/etc/iri-lb/forwarder.env')}: WATCH_FUNCTION=NAME-watch and AWS_REGION=REGION`,
    );
  });

  it('is told to build what is not built', async () => {
    rmSync(bundles, { recursive: true });
    expect((await render('agent-1')).err).toMatch(
      /^add \S+\/opt\/iri-lb\/dist\/forwarder\.mjs: dist\/forwarder\.mjs, which npm run build makes$/m,
    );
  });

  it('may be a load balancer, too', async () => {
    await render('both');
    expect(pathsIn('both')).toEqual([...OF_BALANCER, ...OF_AGENT, LIST].sort());
  });
});

describe('an earlier rendering', () => {
  it('is replaced when settings have changed, and what is configured no more is removed', async () => {
    await render('lb-1');
    const { status, err } = await render('lb-1', { haproxy: { ...haproxy, gateway: undefined } });
    expect(status).toBe(0);
    expect(err.match(/^removed \S+(?=: it is not configured any more$)/gm)).toEqual(
      ['/etc/iri-lb/gateway.cfg', '/etc/systemd/system/iri-lb-gateway.service'].map(
        (path) => `removed ${join(tree('lb-1'), path)}`,
      ),
    );
    expect(pathsIn('lb-1')).not.toContain('/etc/iri-lb/gateway.cfg');
  });

  it.each([...OF_BALANCER, LIST])(
    'is not replaced where somebody changed %s, and nothing else is',
    async (path) => {
      await render('lb-1');
      const file = join(tree('lb-1'), path);
      writeFileSync(file, 'by hand\n');
      const changed = { haproxy: { ...haproxy, frontend: { bind: '0.0.0.0:80' } } };
      const { status, err, out } = await render('lb-1', changed);
      expect([status, out]).toEqual([1, '']);
      expect(err).toContain(
        `${file}" is there, and is not as we rendered it; name another folder, or say --force`,
      );
      expect(readFileSync(file, 'utf8')).toBe('by hand\n');
      if (path !== '/etc/haproxy/haproxy.cfg')
        expect(read('lb-1', '/etc/haproxy/haproxy.cfg')).not.toContain('0.0.0.0:80');
      expect((await render('lb-1', changed, '--force')).status).toBe(0);
      expect(readFileSync(file, 'utf8')).not.toBe('by hand\n');
    },
  );

  it('is not followed out of the folder by a link, nor by a list that names something outside', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    mkdirSync(tree('lb-1'), { recursive: true });
    symlinkSync(outside, join(tree('lb-1'), 'opt'));
    expect((await render('lb-1')).err).toMatch(/lies below "[^"]+\/opt", no folder/);
    rmSync(join(tree('lb-1'), 'opt'));
    mkdirSync(join(tree('lb-1'), 'etc/iri-lb'), { recursive: true });
    symlinkSync(outside, join(tree('lb-1'), 'etc/iri-lb/gateway'));
    expect((await render('lb-1', {}, '--force')).err).toMatch(/lies below "[^"]+\/gateway", no folder/);
    rmSync(join(tree('lb-1'), 'etc/iri-lb/gateway'));
    const precious = join(folder, 'precious');
    writeFileSync(precious, '');
    mkdirSync(join(tree('lb-1'), 'etc/iri-lb'), { recursive: true });
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const files = { '/../../precious': empty };
    writeFileSync(join(tree('lb-1'), LIST), JSON.stringify({ renderedBy: 'iri-lb', files }));
    expect((await render('lb-1')).status).toBe(0);
    expect([existsSync(precious), readdirSync(outside)]).toEqual([true, []]);
  });
});

describe('wrong usage', () => {
  it.each([
    [['render', 'host'], 'of which host'],
    [['render', 'host', 'lb-1'], 'name the folder to write to with --out DIR'],
    [['render', 'host', 'lb-9', '--out', '/tmp/x'], '"lb-9" is no host; use lb-1, lb-2, agent-1, both'],
    [['render', 'haproxy', 'lb-1'], 'render haproxy takes no "lb-1"'],
    [['render', 'host', 'lb-1', '--peer', 'lb-1'], '--peer: is for render haproxy'],
  ])('%j is one line and 64', async (args, message) => {
    const { status, err } = await runProgram(args, { LB_CONFIG: JSON.stringify({ ...iriLayout, hosts }) });
    expect([status, err.split('\n')]).toEqual([64, [expect.stringContaining(message)]]);
  });

  it.each([
    [{ hosts: [{ name: 'a b', address: '10.0.0.1', role: 'agent' }] }, 'LB_CONFIG.hosts.0.name'],
    [{ hosts: [{ name: 'a', address: 'a.example', role: 'agent' }] }, 'LB_CONFIG.hosts.0.address'],
    [{ hosts: [{ name: 'a', address: '10.0.0.1', role: 'lb' }] }, 'LB_CONFIG.hosts.0.role'],
    [{ hosts: [hosts[0], hosts[0]] }, 'LB_CONFIG.hosts: a host is named twice'],
  ])('%j is told by its path', async (config, message) => {
    const { status, err } = await render('lb-1', config);
    expect(status).toBe(1);
    expect(err).toContain(message);
  });
});
