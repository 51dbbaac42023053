// Installs HAProxy and Consul on Debian and Ubuntu, and changes as little as possible beside that.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { debianMirror, debianRelease, findCommand, run } from './debian.mjs';

/** Consul left Debian after bullseye. Pinned low, so that nothing else is ever taken from there. */
const CONSUL_SUITE = 'bullseye';
const SOURCE_FILE = `/etc/apt/sources.list.d/iri-lb-${CONSUL_SUITE}.list`;
const PIN_FILE = '/etc/apt/preferences.d/iri-lb';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const POLICY_FILE = '/usr/sbin/policy-rc.d';

const LOCK_WAIT_S = 300;
const APT = ['-q', '-y', '-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, '-o', 'APT::Install-Recommends=false'];

/** Installs the packages that are named. Throws with what to do by hand. */
export async function install(packages) {
  const release = debianRelease();
  const sudo = rootPrefix();
  if (!release || !sudo) throw new Error(byHand(packages, release));
  const asRoot = (command, args, options) => {
    const [first, ...rest] = [...sudo, command, ...args];
    return run(first, rest, options);
  };

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

/** The words before a command that make it root's: none, or sudo without a question. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const allowed = findCommand('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0;
  return allowed ? ['sudo', '-n', 'env', 'LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive'] : undefined;
}

function hasCandidate(name) {
  return /^ {2}Candidate: \d/m.test(run('apt-cache', ['policy', name]));
}

async function addConsulSource({ id, codename }, packages, asRoot) {
  if (id !== 'debian' || !existsSync(KEYRING)) throw new Error(byHand(packages));
  const write = (file, content) => asRoot('tee', [file], { input: content });
  write(SOURCE_FILE, `deb [signed-by=${KEYRING}] ${debianMirror(codename)} ${CONSUL_SUITE} main\n`);
  write(PIN_FILE, `Package: *\nPin: release n=${CONSUL_SUITE}\nPin-Priority: 100\n`);
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
