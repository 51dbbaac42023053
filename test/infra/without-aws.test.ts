// The commands of the guide's page "without AWS", run as they are printed, below a folder of their own.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haproxyBin } from '../../infra/local/programs.js';
import { readForwarderOptions } from '../../lib/forwarder/options.js';
import { startRig } from '../integration/rig.js';
import { startHttp } from '../serve/http-process.js';
import { root } from './example.js';
import { readGuide } from './guide-commands.js';
import { type Packaged, packaged } from './installed.js';

const { text: page, commands } = readGuide('without-aws.md');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const containerfile = readFileSync(join(root, 'infra', 'container', 'Containerfile'), 'utf8');

let made: Packaged;
let host: string;
beforeAll(async () => {
  made = await packaged();
  host = join(made.dir, 'host');
  for (const folder of ['bin', 'opt', 'etc/iri-lb', 'etc/haproxy', 'etc/systemd/system', 'usr/local/bin'])
    mkdirSync(join(host, folder), { recursive: true });
  const log = join(host, 'systemctl.log');
  writeFileSync(join(host, 'bin', 'systemctl'), `#!/bin/sh\necho "$*" >> '${log}'\n`, { mode: 0o755 });
});
afterAll(() => made?.remove());

/** What a host has in its root, below the folder. */
const below = (text: string): string =>
  text.replace(/(?<![\w.])\/(opt|etc|usr\/local)(?=\/)/g, (_, folder) => join(host, folder));

/** Runs commands of the page, as a shell does that stops at the first failure; what they print. */
function run(script: string, env: NodeJS.ProcessEnv = {}): string {
  return execFileSync('sh', ['-eu', '-c', below(script)], {
    cwd: join(made.dir, 'made'),
    env: { PATH: `${host}/bin:${host}/usr/local/bin:${process.env.PATH}`, HOME: host, ...env },
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

const installed = (name: string): string => join(host, 'opt', 'iri-lb', name);
const unit = (name: string): string => join(host, 'etc', 'systemd', 'system', name);

describe('install, upgrade and remove', () => {
  it('are two lines each', () => {
    for (const part of ['ln -sf', 'npm install', 'try-restart', 'disable --now iri-lb'])
      expect(commands(part).trim().split('\n')).toHaveLength(2);
  });

  it('by tar: it runs, an upgrade leaves nothing of before but what is of this host, and nothing is left in the end', () => {
    run(commands('ln -sf'));
    expect(run('iri-lb --help')).toContain('Usage: iri-lb');
    mkdirSync(installed('dist/chunks'), { recursive: true });
    writeFileSync(installed('dist/chunks/of-before.mjs'), '');
    writeFileSync(installed('bin/haproxy-state'), 'rendered');
    run(commands('try-restart'));
    expect(existsSync(installed('dist/chunks/of-before.mjs'))).toBe(false);
    expect(readFileSync(installed('bin/haproxy-state'), 'utf8')).toBe('rendered');
    expect(run('iri-lb --help')).toContain('Usage: iri-lb');
    expect(readFileSync(join(host, 'systemctl.log'), 'utf8')).toContain('try-restart iri-lb*.service');
    run(commands('disable --now iri-lb'));
    expect(existsSync(installed('.'))).toBe(false);
    run(commands('ln -sf'));
  });

  it('begin with a sum that says whether the package is whole', () => {
    const check = commands('sha256sum -c');
    expect(run(check)).toBe(`iri-lb-${version}.tgz: OK\n`);
    const sums = ['sha256sum', '-c', `iri-lb-${version}.tgz.sha256`];
    expect(check.trim()).toBe(sums.join(' '));
    const copy = join(made.dir, 'damaged');
    cpSync(join(made.dir, 'made'), copy, { recursive: true });
    appendFileSync(join(copy, `iri-lb-${version}.tgz`), 'x');
    expect(() => execFileSync('sh', ['-c', check], { cwd: copy, stdio: 'pipe' })).toThrow(/did NOT match/);
  });

  it('by npm', () => {
    expect(
      run(commands('npm install'), {
        npm_config_prefix: join(made.dir, 'global'),
        PATH: `${made.dir}/global/bin:${process.env.PATH}`,
      }),
    ).toContain(version);
  });

  it('name the version that is made here', () => {
    for (const [, named] of page.matchAll(/iri-lb-(\d[\w.-]*)\.tgz/g)) expect(named).toBe(version);
    expect(containerfile).toContain(`ARG VERSION=${version}\n`);
  });
});

describe('a load balancer of its own', () => {
  it('is rendered as HAProxy takes it, and its policy lets Consul be read', () => {
    writeFileSync(join(host, 'etc/iri-lb/lb.json'), readFileSync(join(root, 'infra/example.config.json')));
    const rules = run(commands('iri-lb render haproxy --out'));
    expect(rules).toMatch(/service.*iri/);
    const config = join(host, 'etc/haproxy/haproxy.cfg');
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace(/^ *(?:user|group|chroot|server-state-file) .*$/gm, ''),
    );
    execFileSync(haproxyBin(), ['-c', '-f', config], { stdio: 'pipe' });
  });
});

describe('the units', () => {
  const NAMES = ['iri-lb-apply.service', 'iri-lb-apply.timer', 'iri-lb-watch@.service'];
  beforeAll(() => {
    run(commands('iri-lb-apply.timer <<'));
    run(commands('target.conf <<'));
    writeFileSync(join(host, 'etc/iri-lb/apply.env'), '');
    for (const name of ['iri-lb-forwarder.service', 'iri-lb-forwarder.service.d/target.conf']) {
      const text = readFileSync(unit(name), 'utf8').replaceAll('/usr/bin/node', process.execPath);
      writeFileSync(unit(name), below(text));
      chmodSync(unit(name), 0o644);
    }
  });

  it.each([...NAMES, 'iri-lb-forwarder.service'])(
    '%s passes systemd-analyze verify without a word',
    (name) => {
      const path = unit(name.replace('@.', '@iri.'));
      if (!existsSync(path)) execFileSync('ln', ['-s', unit(name), path]);
      const env = {
        ...process.env,
        SYSTEMD_UNIT_PATH: `${join(host, 'etc/systemd/system')}:`,
        SYSTEMD_PAGER: '',
      };
      expect(
        execFileSync('sh', ['-c', 'systemd-analyze verify --man=no "$0" 2>&1', path], {
          env,
          encoding: 'utf8',
        }),
      ).toBe('');
    },
  );

  it('of the forwarder has a command line that it takes, and needs nothing of AWS', () => {
    const [, line = ''] =
      /^ExecStart=(.+)$/m.exec(readFileSync(unit('iri-lb-forwarder.service.d/target.conf'), 'utf8')) ?? [];
    const token = join(host, 'target-token');
    writeFileSync(token, '0123456789abcdef\n');
    const args = line.replace(/\$\{CREDENTIALS_DIRECTORY\}/, host).split(' ');
    const options = readForwarderOptions(args.slice(args.indexOf('--listen')), {});
    expect(options).toMatchObject({ to: { kind: 'target', url: 'https://iri-lb.internal' }, service: 'iri' });
  });

  it("of the watch keeps HAProxy right by Consul's own program", async () => {
    const rig = await startRig();
    try {
      const [, line = ''] =
        /^ExecStart=(.+)$/m.exec(readFileSync(unit('iri-lb-watch@.service'), 'utf8')) ?? [];
      const words = line
        .replaceAll('%i', 'iri')
        .replace('/usr/bin/consul', process.env.CONSUL_BIN || 'consul');
      const watch = await rig.harness.spawn('watch', 'sh', ['-c', `exec ${words}`], { env: rig.env });
      for (const n of [1, 2]) {
        await rig.consul.catalogRegister([
          { node: `node-${n}`, service: 'iri', address: `10.0.1.${n}`, port: 14265 },
        ]);
        await watch.until(async () => (await rig.ready('iri_back')).length === n, {
          what: `instance ${n} to be ready`,
        });
      }
    } finally {
      await rig.harness.close();
    }
  });
});

describe('the container', () => {
  it('is described in ten lines, of files that the package has', () => {
    const lines = containerfile.trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(containerfile).toMatch(/^ADD iri-lb-\$\{VERSION\}\.tgz \/opt\/$/m);
    for (const [, path = ''] of containerfile.matchAll(/\/opt\/iri-lb\/([\w./-]+)/g))
      expect(existsSync(installed(path)), path).toBe(true);
  });

  it("has its resync asked for by the page's own words", async () => {
    const rig = await startRig();
    try {
      const token = join(made.dir, 'made', 'token');
      run('umask 077; openssl rand -hex 32 > token');
      const { url } = await startHttp(rig.harness, { ...rig.env, IRI_LB_TOKEN_FILE: token });
      const script = commands('resync.curl').replace('http://10.0.3.8:8080', url);
      expect(JSON.parse(run(script))).toMatchObject({
        version: 1,
        loadBalancers: [{ outcome: 'unchanged' }],
      });
      rmSync(token);
      writeFileSync(token, 'another-token-than-before\n');
      expect(() => run(script.split('\n').slice(1).join('\n'))).toThrow(/401/);
    } finally {
      await rig.harness.close();
    }
  });
});

describe('the page', () => {
  it('points to headings and files that are there', () => {
    const slugs = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links)
      if (link.startsWith('#')) expect(slugs).toContain(link.slice(1));
      else expect(existsSync(join(root, 'infra', link)), link).toBe(true);
  });
});
