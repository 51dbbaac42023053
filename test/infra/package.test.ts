// The package: the same bytes each time, what is in it, and what it does on a host that has no checkout.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePackage } from '../../infra/setup/package.mjs';
import { tarGz } from '../../infra/setup/tar.mjs';
import { root } from './example.js';
import { type Packaged, packaged } from './installed.js';

const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

let made: Packaged;
beforeAll(async () => {
  made = await packaged();
});
afterAll(() => made?.remove());

const listed = (): string[] =>
  execFileSync('tar', ['-tzf', made.file], { encoding: 'utf8' }).trim().split('\n');

describe('the file', () => {
  it('has the same bytes when it is made again', async () => {
    const again = await makePackage(join(made.dir, 'again'));
    expect(again.sum).toBe(made.sum);
    expect(readFileSync(again.path).equals(readFileSync(made.file))).toBe(true);
  });

  it('has its SHA-256 beside it, as sha256sum reads it', () => {
    const sum = createHash('sha256').update(readFileSync(made.file)).digest('hex');
    expect(readFileSync(`${made.file}.sha256`, 'utf8')).toBe(`${sum}  iri-lb-${ours.version}.tgz\n`);
  });

  it('has less than 2 MB', () => {
    expect(made.bytes).toBe(statSync(made.file).size);
    expect(made.bytes).toBeLessThan(2_000_000);
  });

  it('says nothing of who made it, when and where', () => {
    const verbose = execFileSync('tar', ['-tvzf', made.file, '--numeric-owner', '--utc'], {
      encoding: 'utf8',
    });
    for (const line of verbose.trim().split('\n'))
      expect(line).toMatch(/^-rw(?:xr-xr-x|-r--r--) 0\/0 +\d+ 1985-10-26 08:15 package\//);
    const packed = readFileSync(made.file);
    // gzip's flags, time and system (RFC 1952).
    expect([packed[3], packed.readUInt32LE(4), packed[9]]).toEqual([0, 0, 255]);
    const unpacked = made.install('tar');
    for (const name of readdirSync(unpacked, { recursive: true, encoding: 'utf8' })) {
      const path = join(unpacked, name);
      if (statSync(path).isFile()) expect(readFileSync(path, 'utf8').includes(root), name).toBe(false);
    }
  });

  it('is in the order of names, whatever the order it is made in', () => {
    const file = (path: string) => ({ path, mode: 0o644, contents: Buffer.from(path) });
    expect(tarGz([file('b'), file('a')]).equals(tarGz([file('a'), file('b')]))).toBe(true);
    expect(() => tarGz([file('x'.repeat(101))])).toThrow('a name in the package has 100 bytes');
  });
});

describe('what is inside', () => {
  it('is what a host needs, and no more', () => {
    const kinds = listed().map((path) =>
      path.replace(/^package\//, '').replace(/chunks\/[\w-]+-[A-Z0-9]{8}\.mjs$/, 'chunks/…'),
    );
    const optional = /^(?:dist\/iri-lb\.1|completions\/iri-lb\.(?:bash|zsh|fish)|units\/iri-lb\.service)$/;
    expect([...new Set(kinds)].filter((path) => !optional.test(path)).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'THIRD_PARTY_NOTICES',
      'bin/iri-lb',
      'bin/start.cjs',
      'dist/chunks/…',
      'dist/forwarder.mjs',
      'dist/http.mjs',
      'dist/iri-lb.mjs',
      'dist/node-check.mjs',
      'dist/resync/chunks/…',
      'dist/resync/index.mjs',
      'dist/watch/chunks/…',
      'dist/watch/index.mjs',
      'node-check.mjs',
      'package.json',
      'units/haproxy-state',
      'units/haproxy.service.d/iri-lb.conf',
      'units/iri-lb-forwarder.service',
    ]);
  });

  it('has no source maps, and nothing that asks for one', () => {
    const unpacked = made.install('tar');
    for (const path of listed().filter((name) => name.endsWith('.mjs')))
      expect(readFileSync(join(unpacked, path.replace('package/', '')), 'utf8')).not.toContain(
        'sourceMappingURL',
      );
  });

  it('is described without dependencies and without scripts', () => {
    const description = JSON.parse(readFileSync(join(made.install('tar'), 'package.json'), 'utf8'));
    const { man: _, ...told } = description;
    expect(told).toEqual({
      name: 'iri-lb',
      version: ours.version,
      description: ours.description,
      license: ours.license,
      bin: { 'iri-lb': 'bin/iri-lb' },
      engines: ours.engines,
    });
  });

  it("has the units' programs where the units say they are, but for what is rendered for each host", () => {
    const unpacked = made.install('tar');
    const units = join(unpacked, 'units');
    const names = readdirSync(units, { recursive: true, encoding: 'utf8' });
    const programs = names
      .filter((name) => /\.(?:service|conf)$/.test(name))
      .flatMap((name) => [...readFileSync(join(units, name), 'utf8').matchAll(/\/opt\/iri-lb\/([\w./-]+)/g)])
      .map(([, program = '']) => program);
    expect(programs).toContain('dist/forwarder.mjs');
    for (const program of programs.filter((name) => name !== 'bin/haproxy-state'))
      expect(existsSync(join(unpacked, program)), program).toBe(true);
    expect(statSync(join(units, 'haproxy-state')).mode & 0o777).toBe(0o755);
  });
});

describe('on a host with Node and HAProxy alone', () => {
  it('it does what it says, installed by npm and by tar, offline', () => {
    const check = join(root, 'test', 'infra', 'host-check.mjs');
    const { status, out, err } = made.run('node', [check, made.file]);
    expect(out.split('\n').filter((line) => line.startsWith('ok ')).length).toBeGreaterThanOrEqual(10);
    expect({ status, err, out }).toEqual({
      status: 0,
      err: '',
      out: expect.stringMatching(/ passed, 0 failed\n$/),
    });
  }, 120_000);

  it.each(['npm', 'tar'] as const)('the functions are found beside it: %s', (how) => {
    const command = join(made.install(how), 'bin', 'iri-lb');
    const { status, err } = made.run(command, ['invoke', 'resync'], { CONSUL_HTTP_ADDR: 'ftp://nobody' });
    expect(err).toContain('CONSUL_HTTP_ADDR');
    expect(status).toBe(1);
  });
});

describe('the bundle of the command line', () => {
  it('needs nothing but dist', () => {
    const alone = join(made.dir, 'alone', 'dist');
    cpSync(join(made.install('tar'), 'dist'), alone, { recursive: true });
    expect(made.run('node', [join(alone, 'iri-lb.mjs'), '--version'])).toMatchObject({ status: 0 });
  });
});

describe('an old Node', () => {
  const launcher = (): string => join(made.install('tar'), 'bin', 'iri-lb');

  it.each(['8.17.0', '18.20.4', '20.9.0'])('%s is told in one line that it is too old', (version) => {
    const preload = join(made.dir, 'old.cjs');
    writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    expect(made.run('node', ['--require', preload, launcher(), 'status'])).toEqual({
      status: 1,
      out: '',
      err: `iri-lb: Node ${version} is too old; it needs Node 20.10 or later\n`,
    });
    expect(ours.engines.node).toBe('>=20.10');
  });

  it('can read the file that says so: no word in it is younger than Node', async () => {
    const text = readFileSync(launcher(), 'utf8');
    await expect(transform(text, { target: 'es5' })).resolves.toMatchObject({ warnings: [] });
    expect(text).not.toMatch(/\bimport\b|=>|`/);
  });
});

describe('npm pack in a checkout', () => {
  it('makes nothing, and says what does', () => {
    const said = made.run('node', [join(root, 'infra', 'setup', 'no-pack.mjs')]);
    expect(said).toMatchObject({ status: 1, err: expect.stringContaining('npm run package') });
    expect(ours.scripts.prepack).toBe('node infra/setup/no-pack.mjs');
    expect(ours.private).toBe(true);
  });
});
