#!/usr/bin/env node
// Gets another Node for tests, outside the checkout: npm's package of its binary, which needs no install script.
// `node-versions.mjs 24` prints the path of the binary.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './debian.mjs';

/** Named in full, so that what passes today passes tomorrow. 24 is what the functions run on. */
const VERSIONS = { 24: '24.21.0' };

/** Sets that Node up where it is missing. Returns the path of its binary, in a folder fit for the PATH. */
export function nodeOf(major) {
  const version = VERSIONS[major];
  if (!version)
    throw new Error(`${JSON.stringify(major)} is not known; use ${Object.keys(VERSIONS).join(', ')}`);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'iri-lb');
  const folder = join(cache, `node-${version}`);
  const package_ = `node-${process.platform}-${process.arch}`;
  const binary = join(folder, 'node_modules', package_, 'bin', 'node');
  if (!fs.existsSync(binary)) install(`${package_}@${version}`, cache, folder, binary);
  const said = run(binary, ['--version']).trim();
  if (said !== `v${version}`) throw new Error(`${binary} is ${said}; remove ${folder} and try again`);
  return binary;
}

/** Installs into a folder beside, and moves it: half a binary is never found. */
function install(wanted, cache, folder, binary) {
  fs.mkdirSync(cache, { recursive: true });
  const fresh = fs.mkdtempSync(join(cache, '.node-'));
  try {
    const args = ['install', '--prefix', fresh, '--ignore-scripts', '--no-audit', '--no-fund', wanted];
    const options = [...args, '--engine-strict=false', '--loglevel=error'];
    const { status, stdout, stderr, error } = spawnSync('npm', options, { cwd: fresh, encoding: 'utf8' });
    if (status !== 0)
      throw new Error(`npm install ${wanted}: ${error?.message ?? `${stderr}${stdout}`.trim()}`);
    try {
      fs.renameSync(fresh, folder);
    } catch (error) {
      // Somebody else was faster; theirs is as good.
      if (!fs.existsSync(binary)) throw error;
    }
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    console.log(nodeOf(process.argv[2] ?? '24'));
  } catch (error) {
    console.error(`node: ${error.message}`);
    process.exit(1);
  }
}
