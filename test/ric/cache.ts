// Lambda's own runtime client and the Node it runs on, built once into a folder outside the checkout.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const RIC = '4.0.2';
const NODE = `node-linux-${process.arch}`;
const TOOLS = ['cmake', 'g++', 'make', 'python3', 'xz'];
const PACKAGES = ['cmake', 'g++', 'make', 'python3', 'xz-utils'];

export interface RuntimeClient {
  /** Node 24. */
  readonly node: string;
  /** Entry point of aws-lambda-ric. */
  readonly client: string;
}

/** Where it is; built first, in about a minute, where it is not. Throws with what is missing. */
export function runtimeClient(): RuntimeClient {
  const base = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'iri-lb');
  const folder = join(base, 'ric');
  const found = clientIn(folder);
  if (isComplete(found)) return found;
  mkdirSync(base, { recursive: true });
  const fresh = mkdtempSync(join(base, 'ric-'));
  try {
    install(fresh);
    if (!isComplete(clientIn(fresh))) throw new Error(`aws-lambda-ric@${RIC} did not build in ${fresh}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return found;
}

function clientIn(folder: string): RuntimeClient {
  const modules = join(folder, 'node_modules');
  return { node: join(modules, NODE, 'bin', 'node'), client: join(modules, 'aws-lambda-ric', 'index.mjs') };
}

function isComplete({ node, client }: RuntimeClient): boolean {
  return existsSync(node) && existsSync(join(dirname(client), 'rapid-client.node'));
}

function install(folder: string): void {
  installTools();
  console.log(`building aws-lambda-ric@${RIC} for Node 24; this takes about a minute, once`);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { 'aws-lambda-ric': RIC, [NODE]: '24' },
      // npm 11 runs no install script that is not allowed by name and version.
      allowScripts: { [`aws-lambda-ric@${RIC}`]: true },
    }),
  );
  // The headers are in the package of Node itself, so that node-gyp need not fetch them.
  const env = { ...process.env, npm_config_nodedir: join(folder, 'node_modules', NODE) };
  const args = ['install', '--no-audit', '--no-fund', '--engine-strict=false', '--loglevel=error'];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm install failed:\n${`${stdout}${stderr}`.slice(-3_000)}`);
}

function installTools(): void {
  const missing = TOOLS.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  if (missing.length === 0) return;
  const advice = `to build aws-lambda-ric, install ${PACKAGES.join(' ')} (missing: ${missing.join(', ')})`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(advice);
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  execFileSync('apt-get', ['update', '-qq'], options);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES], options);
}
