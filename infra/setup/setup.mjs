#!/usr/bin/env node
// Sets up what `npm start` lacks here, with `--tests` what `npm test` lacks; a second run finds nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootRunner } from './as-root.mjs';
import { hasOldPin, renewPin } from './consul-source.mjs';
import { findCommand } from './debian.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const OLDEST_NODE = [20, 10];

/** Commands, their packages where those have another name, and the variable that names another binary. */
const PROGRAMS = [
  { name: 'haproxy', variable: 'HAPROXY_BIN' },
  { name: 'consul', variable: 'CONSUL_BIN' },
  // For the certificates of the sample nodes, and for the commands that `npm start` prints.
  { name: 'openssl' },
  { name: 'curl' },
];

/** What tests run beside those. */
const TEST_PROGRAMS = [
  // It judges the units that are rendered; where there is no systemd to be had, its tests fail.
  { name: 'systemd-analyze', package: 'systemd' },
  // Terminals of any size, for what commands show on them.
  { name: 'tmux' },
  // The browser that the page is tested in.
  { name: 'chromium', variable: 'CHROMIUM_BIN' },
];

async function main() {
  checkNode();
  if (!hasPackages()) {
    await alone(() => {
      if (!hasPackages()) installPackages();
    });
  }
  if (hasOldPin()) await alone(() => renewPin(rootRunner()));
  const forTests = process.argv.includes('--tests') && process.platform === 'linux';
  const programs = forTests ? [...PROGRAMS, ...TEST_PROGRAMS] : PROGRAMS;
  if (missingPackages(programs).length > 0) {
    const { byHand, install } = await import('./install.mjs');
    await alone(() => install(missingPackages(programs)));
    const still = missingPackages(programs);
    if (still.length > 0) throw new Error(byHand(still));
  }
  const { build, isBuilt } = await import('./build.mjs');
  if (!isBuilt()) {
    await alone(async () => {
      if (!isBuilt()) await build();
    });
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Error(`Node ${process.versions.node} is too old; install Node ${OLDEST_NODE.join('.')} or newer`);
}

/** Whether node_modules holds what the lock file says; npm writes down there what it has installed. */
function hasPackages() {
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  return Object.entries(packagesIn(join(root, 'package-lock.json')) ?? {}).every(
    ([path, wanted]) =>
      path === '' ||
      installed[path]?.version === wanted.version ||
      // Left out for other systems than this one.
      (installed[path] === undefined && wanted.optional === true),
  );
}

function packagesIn(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function installPackages() {
  console.log('Installing npm packages (npm ci)');
  const { status, error } = spawnSync('npm', ['ci', '--no-progress', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm ci failed (${error?.message ?? `exit ${status}`}); see above`);
}

function missingPackages(programs) {
  return programs.flatMap(({ name, variable, package: packageName = name }) => {
    const named = variable && process.env[variable];
    if (findCommand(named || name)) return [];
    if (named)
      throw new Error(`${variable}: there is no ${named}; name a binary, or unset it to have one installed`);
    return [packageName];
  });
}

/** One set-up of this folder at a time. The lock is a name in the kernel: it goes when its holder goes. */
async function alone(work) {
  if (process.platform !== 'linux') return work();
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const lock = createServer();
  for (let waited = false; ; waited = true) {
    const taken = await new Promise((resolve) => {
      lock.once('error', () => resolve(false));
      lock.listen(`\0iri-lb-setup-${name}`, () => resolve(true));
    });
    if (taken) break;
    if (!waited) console.log('Another set-up of this folder is running; waiting for it');
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

main().catch((error) => {
  console.error(`setup: ${error.message}`);
  process.exit(1);
});
