// The package, made once for a test file, and installed in either way, without a network.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haproxyBin } from '../../infra/local/programs.js';
import { makePackage } from '../../infra/setup/package.mjs';

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Packaged {
  /** Holds everything else, and goes with `remove`. */
  readonly dir: string;
  readonly file: string;
  readonly bytes: number;
  readonly sum: string;
  /** Of a host that has Node, HAProxy and a shell: no git, no checkout, no npm registry, no proxy. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder of what is installed by `npm i -g`, or unpacked as the guide says. */
  install(how: 'npm' | 'tar'): string;
  /** Runs a program of the host, in a folder of its own. */
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Ran;
  remove(): void;
}

const TOOLS = ['sh', 'tar', 'gzip', 'env', 'npm'];

export async function packaged(): Promise<Packaged> {
  const dir = mkdtempSync(join(tmpdir(), 'iri-lb-package-'));
  const { path: file, bytes, sum } = await makePackage(join(dir, 'made'));
  const bin = join(dir, 'bin');
  const home = join(dir, 'home');
  mkdirSync(bin);
  mkdirSync(home);
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync(haproxyBin(), join(bin, 'haproxy'));
  for (const tool of TOOLS) symlinkSync(realpathSync(which(tool)), join(bin, tool));
  const env = { PATH: bin, HOME: home };
  const run: Packaged['run'] = (program, args, more = {}) => {
    const { status, stdout, stderr } = spawnSync(program, [...args], {
      cwd: home,
      env: { ...env, ...more },
      encoding: 'utf8',
    });
    return { status, out: stdout, err: stderr };
  };
  const done = new Map<string, string>();
  const install: Packaged['install'] = (how) => {
    const known = done.get(how);
    if (known !== undefined) return known;
    const prefix = join(dir, how);
    mkdirSync(prefix);
    const folder = how === 'npm' ? withNpm(prefix) : withTar(prefix);
    done.set(how, folder);
    return folder;
  };
  const withNpm = (prefix: string): string => {
    const offline = ['--offline', '--cache', join(dir, 'cache'), '--no-audit', '--no-fund'];
    const { status, err } = run('npm', ['install', '-g', '--prefix', prefix, ...offline, file]);
    if (status !== 0) throw new Error(err);
    return join(prefix, 'lib', 'node_modules', 'iri-lb');
  };
  const withTar = (prefix: string): string => {
    const { status, err } = run('tar', ['-xzf', file, '--strip-components=1', '-C', prefix]);
    if (status !== 0) throw new Error(err);
    return prefix;
  };
  return {
    dir,
    file,
    bytes,
    sum,
    env,
    install,
    run,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function which(tool: string): string {
  return execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
}
