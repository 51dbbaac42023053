// Tries the package on a host that has Node, npm, tar and HAProxy, and nothing of ours: no git, no checkout, no Consul.
//   node host-check.mjs iri-lb-VERSION.tgz       (its last line is `N passed, N failed`)
// Needs nothing but Node, so that it can be copied to where it is to run.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 20_000;
const tgz = resolve(process.argv[2] ?? '');
const version = /^iri-lb-(.+)\.tgz$/.exec(basename(tgz))?.[1];
const dir = fs.mkdtempSync(join(tmpdir(), 'iri-lb-host-'));
/** Nobody listens at port 1. */
const NO_CONSUL = 'http://127.0.0.1:1';
const children = [];
let passed = 0;
let failed = 0;

async function check(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.message}`);
  }
}

/** The folder with the package's content, and its command. */
const WAYS = {
  npm: () => {
    const args = [
      'install',
      '--global',
      '--offline',
      '--no-audit',
      '--no-fund',
      '--prefix',
      join(dir, 'npm'),
    ];
    ran('npm', [...args, '--cache', join(dir, 'cache'), tgz]);
    return { home: join(dir, 'npm/lib/node_modules/iri-lb'), command: join(dir, 'npm/bin/iri-lb') };
  },
  tar: () => {
    const home = join(dir, 'opt', 'iri-lb');
    fs.mkdirSync(home, { recursive: true });
    ran('tar', ['-xzf', tgz, '--strip-components=1', '--no-same-owner', '-C', home]);
    return { home, command: join(home, 'bin', 'iri-lb') };
  },
};

function runs(program, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir, ...env },
    encoding: 'utf8',
  });
  if (error) throw error;
  return { status, out: stdout, err: stderr };
}

/** Its output; throws where it fails. */
function ran(program, args, env) {
  const { status, out, err } = runs(program, args, env);
  assert.equal(status, 0, `${program} ${args.join(' ')}: exit ${status}\n${err}${out}`);
  return out;
}

function start(program, args, env) {
  const child = spawn(program, args, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir, ...env } });
  const process_ = { output: '', ended: undefined, kill: (signal) => child.kill(signal) };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      process_.output += text;
    });
  child.on('error', (error) => {
    process_.ended = error.message;
  });
  child.on('exit', (code, signal) => {
    process_.ended = signal ?? code;
  });
  children.push(child);
  return process_;
}

async function until(what, condition, detail = () => '') {
  for (const deadline = performance.now() + WAIT_MS; performance.now() < deadline; await sleep(50))
    if (await Promise.resolve(condition()).catch(() => false)) return;
  throw new Error(`${what}: not within ${WAIT_MS} ms\n${detail()}`);
}

function freePort() {
  return new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** A HAProxy with the rendered configuration, as this host's user. */
async function startHAProxy(command) {
  const haproxy = {
    frontend: { bind: `127.0.0.1:${await freePort()}` },
    stats: false,
    admin: { bind: join(dir, 'iri-lb.sock'), unix: join(dir, 'admin.sock'), read: join(dir, 'read.sock') },
  };
  const config = { ...JSON.parse(fs.readFileSync(join(dir, 'pools.json'), 'utf8')), haproxy };
  const LB_CONFIG = JSON.stringify(config);
  const text = ran(command, ['render', 'haproxy'], { LB_CONFIG });
  const file = join(dir, 'haproxy.cfg');
  fs.writeFileSync(file, withoutUser(text));
  const process_ = start('haproxy', ['-db', '-f', file]);
  // The file is there before HAProxy knows whether it can start.
  await until(
    'HAProxy listens',
    () => process_.ended !== undefined || takesClients(haproxy.admin.bind),
    () => process_.output,
  );
  assert.equal(process_.ended, undefined, `HAProxy ended\n${process_.output}`);
  return {
    process_,
    env: { LB_CONFIG, CONSUL_HTTP_ADDR: NO_CONSUL, HAPROXY_ADDRESSES: `unix:${haproxy.admin.bind}` },
  };
}

/** Whether somebody listens at a unix socket. */
const takesClients = (path) =>
  new Promise((done) => {
    const socket = net.connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });

/** Whoever tries it need not be root, nor have the user haproxy. */
const withoutUser = (text) =>
  text
    .replace(/^ *(?:user|group|chroot|server-state-file) .*$/gm, '')
    .replace(/ (?:user|group) haproxy\b/g, '');

/** The words of a unit's ExecStart, with the package where it was installed, and where it listens. */
function commandLine(home, unit, listen) {
  const text = fs.readFileSync(join(home, 'units', unit), 'utf8');
  const words = /^ExecStart=(.+)$/m
    .exec(text)[1]
    .replaceAll('/opt/iri-lb', home)
    .replaceAll('/var/lib/iri-lb', dir)
    .split(' ');
  const at = words.indexOf('--listen');
  if (at === -1) words.push('--listen', listen);
  else words[at + 1] = listen;
  const environment = [...text.matchAll(/^Environment='(\w+)=(.*)'$/gm)].map(([, name, value]) => [
    name,
    value,
  ]);
  return {
    program: words[0] === '/usr/bin/node' ? process.execPath : words[0],
    args: words.slice(1),
    env: Object.fromEntries(environment),
  };
}

/** Starts a unit's own command line, waits for its answer at `path`, and stops it as systemd does. */
async function startAndStop(home, unit, path, given) {
  const port = await freePort();
  const { program, args, env } = commandLine(home, unit, `127.0.0.1:${port}`);
  const process_ = start(program, args, { ...env, ...given });
  const answers = async () => (await fetch(`http://127.0.0.1:${port}${path}`)).status > 0;
  await until(
    `${unit} answers`,
    () => process_.ended !== undefined || answers(),
    () => process_.output,
  );
  assert.equal(process_.ended, undefined, `${unit} ended\n${process_.output}`);
  process_.kill('SIGTERM');
  await until(
    `${unit} ends`,
    () => process_.ended !== undefined,
    () => process_.output,
  );
  assert.equal(process_.ended, 0, process_.output);
}

async function checkAll(how) {
  let home;
  let command;
  await check(`${how}: it is installed, offline`, () => {
    ({ home, command } = WAYS[how]());
  });
  if (!home) return;
  await check(`${how}: iri-lb --version`, () =>
    assert.match(ran(command, ['--version']), new RegExp(version)),
  );
  const pools = [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web', slots: 5 }] }];
  fs.writeFileSync(join(dir, 'pools.json'), JSON.stringify({ pools }));
  let haproxy;
  await check(`${how}: HAProxy starts with what it renders`, async () => {
    haproxy = await startHAProxy(command);
  });
  if (!haproxy) return;
  await check(`${how}: iri-lb doctor reads HAProxy, and says that Consul is missing`, () => {
    const { status, out, err } = runs(command, ['doctor'], haproxy.env);
    assert.equal(status, 1, out + err);
    assert.match(out + err, /ECONNREFUSED/);
    assert.doesNotMatch(out + err, /iri-lb\.sock: connect/);
  });
  if (ran(command, ['--help']).includes('\n  init '))
    await check(`${how}: iri-lb init proposes the pool that HAProxy has`, () => {
      const { LB_CONFIG: _, ...env } = haproxy.env;
      const { status, out, err } = runs(command, ['init'], env);
      assert.equal(status, 0, out + err);
      assert.deepEqual(
        JSON.parse(out).pools.map(({ backend }) => backend),
        ['web'],
        err,
      );
    });
  await check(`${how}: the forwarder's unit starts and stops`, () =>
    startAndStop(home, 'iri-lb-forwarder.service', '/health', {
      WATCH_FUNCTION: 'watch',
      AWS_REGION: 'eu-west-1',
    }),
  );
  if (fs.existsSync(join(home, 'units', 'iri-lb.service')))
    await check(`${how}: the unit of iri-lb run starts and stops`, () =>
      startAndStop(home, 'iri-lb.service', '/live', haproxy.env),
    );
  haproxy.process_.kill('SIGTERM');
  await until('HAProxy ends', () => haproxy.process_.ended !== undefined);
  for (const socket of ['iri-lb.sock', 'admin.sock', 'read.sock'])
    fs.rmSync(join(dir, socket), { force: true });
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true, force: true });
});
for (const how of Object.keys(WAYS))
  await checkAll(how).catch((error) => check(how, () => Promise.reject(error)));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
