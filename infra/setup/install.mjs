// Installs packages on Debian and Ubuntu, Consul among them, and changes as little as possible beside that.
import { existsSync } from 'node:fs';
import { rootRunner } from './as-root.mjs';
import { addSource, canHaveSource, SOURCE_FILE } from './consul-source.mjs';
import { debianRelease, run } from './debian.mjs';

const POLICY_FILE = '/usr/sbin/policy-rc.d';

const LOCK_WAIT_S = 300;
const APT = ['-q', '-y', '-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, '-o', 'APT::Install-Recommends=false'];

/** Installs the packages that are named. Throws with what to do by hand. */
export async function install(packages) {
  const release = debianRelease();
  const asRoot = rootRunner();
  if (!release || !asRoot) throw new Error(byHand(packages, release));

  if (packages.some((name) => !hasCandidate(name))) await update(asRoot, []);
  if (packages.includes('consul') && !hasCandidate('consul'))
    await addConsulSource(release, packages, asRoot);
  console.log(`Installing ${packages.join(', ')} (apt-get)`);
  withoutServices(asRoot, () => {
    try {
      asRoot('apt-get', ['install', ...APT, ...packages]);
    } catch (error) {
      // The lists may be older than what the mirror still has.
      if (!/404|Unable to fetch|Failed to fetch/.test(error.message)) throw error;
      asRoot('apt-get', ['update', ...APT]);
      asRoot('apt-get', ['install', ...APT, ...packages]);
    }
  });
}

/** For people whose machine we cannot set up. */
export function byHand(packages, release = debianRelease()) {
  const hints = [
    packages.includes('haproxy') && 'HAProxy 2.6 or newer, or name another binary in HAPROXY_BIN',
    packages.includes('consul') && 'Consul 1.8 or newer, or name another binary in CONSUL_BIN',
  ].filter(Boolean);
  const how = release
    ? 'run this as root or with passwordless sudo, or install what is missing yourself'
    : "install what is missing with this system's package manager or from its makers";
  return `missing: ${packages.join(', ')}; ${how}${hints.map((hint) => ` (${hint})`).join('')}`;
}

function hasCandidate(name) {
  return /^ {2}Candidate: \d/m.test(run('apt-cache', ['policy', name]));
}

async function addConsulSource(release, packages, asRoot) {
  if (!canHaveSource(release)) throw new Error(byHand(packages));
  addSource(release, asRoot);
  const only = ['-o', `Dir::Etc::SourceList=${SOURCE_FILE}`, '-o', 'Dir::Etc::SourceParts=-'];
  await update(asRoot, [...only, '-o', 'APT::Get::List-Cleanup=0']);
  if (!hasCandidate('consul')) throw new Error(byHand(packages));
}

/** `apt-get update`, which does not wait for the lock on the lists, whatever DPkg::Lock::Timeout says. */
async function update(asRoot, options) {
  for (const deadline = Date.now() + LOCK_WAIT_S * 1000; ; ) {
    try {
      asRoot('apt-get', ['update', ...APT, ...options]);
      return;
    } catch (error) {
      if (!/Could not get lock|Unable to lock/.test(error.message) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** Packages start their services when installed, unless a policy says no. One that is there stays. */
function withoutServices(asRoot, work) {
  if (existsSync(POLICY_FILE)) return work();
  const script = '#!/bin/sh\n# Temporary, while iri-lb installs packages: starts no services.\nexit 101\n';
  const remove = () => asRoot('rm', ['-f', POLICY_FILE]);
  const interrupted = () => {
    remove();
    process.exit(1);
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    asRoot('tee', [POLICY_FILE], { input: script });
    asRoot('chmod', ['755', POLICY_FILE]);
    return work();
  } finally {
    remove();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}
