#!/usr/bin/env node
// Gets HAProxy of another Debian suite for tests, outside the checkout and beside the system's own:
// `haproxy-versions.mjs trixie` prints the path of a command that runs it.
import fs from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { debianMirror, debianRelease, run } from './debian.mjs';

/** What a suite is not complete without: experimental has only what is newer than in sid. */
const BESIDE = { experimental: ['sid'] };

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Sets the suite's HAProxy up where it is missing. Returns the path of its wrapper script. */
export function haproxyOf(suite) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'iri-lb');
  const tree = join(cache, suite);
  const wrapper = join(cache, `haproxy-${suite}`);
  if (!fs.existsSync(join(tree, 'usr/sbin/haproxy'))) unpack(suite, cache, tree);
  const script = wrapperScript(tree);
  if (!fs.existsSync(wrapper) || fs.readFileSync(wrapper, 'utf8') !== script) {
    const fresh = `${wrapper}.${process.pid}`;
    fs.writeFileSync(fresh, script, { mode: 0o755 });
    fs.renameSync(fresh, wrapper);
  }
  run(wrapper, ['-v']);
  return wrapper;
}

/** Downloads HAProxy with all it depends on, C library included, and unpacks it; installs nothing. */
function unpack(suite, cache, tree) {
  const release = debianRelease();
  if (release?.id !== 'debian') {
    throw new Error(`HAProxy of Debian ${suite} can be set up on Debian only; name others by HAPROXY_BIN`);
  }
  fs.mkdirSync(cache, { recursive: true });
  const work = fs.mkdtempSync(join(cache, `.${suite}-`));
  try {
    const mirror = debianMirror(release.codename);
    const suites = [suite, ...(BESIDE[suite] ?? [])];
    const apt = privateApt(
      work,
      suites.map((name) => `deb [signed-by=${KEYRING}] ${mirror} ${name} main\n`).join(''),
    );
    apt(['update']);
    apt(['install', '--download-only', '-t', suite, 'haproxy']);
    const fresh = join(work, 'tree');
    fs.mkdirSync(fresh);
    for (const file of fs.readdirSync(join(work, 'archives')).filter((name) => name.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', join(work, 'archives', file), fresh]);
    }
    try {
      fs.renameSync(fresh, tree);
    } catch (error) {
      // Somebody else was faster; theirs is as good.
      if (!fs.existsSync(join(tree, 'usr/sbin/haproxy'))) throw error;
    }
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** apt with lists, status and archives of its own, for which nothing is installed yet. */
function privateApt(work, sources) {
  for (const folder of ['lists/partial', 'archives/partial']) {
    fs.mkdirSync(join(work, folder), { recursive: true });
  }
  fs.writeFileSync(join(work, 'status'), '');
  fs.writeFileSync(join(work, 'sources.list'), sources);
  const settings = [
    ['Dir::Etc::SourceList', join(work, 'sources.list')],
    ['Dir::Etc::SourceParts', '-'],
    ['Dir::Etc::Preferences', '/dev/null'],
    ['Dir::Etc::PreferencesParts', '-'],
    ['Dir::State', work],
    ['Dir::State::Lists', join(work, 'lists')],
    ['Dir::State::status', join(work, 'status')],
    ['Dir::Cache', work],
    ['Dir::Cache::Archives', join(work, 'archives')],
    ['Acquire::Languages', 'none'],
    ['APT::Install-Recommends', 'false'],
    // The folder is ours alone, and apt's own user may not reach it.
    ['APT::Sandbox::User', ''],
    ['Debug::NoLocking', 'true'],
  ];
  const options = settings.flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (args) => run('apt-get', ['-q', '-y', ...options, ...args]);
}

/**
 * Runs it with its own dynamic linker and libraries. `--argv0` names the script, because that is what the
 * master process executes again at a reload.
 */
function wrapperScript(tree) {
  const linker = firstFile(tree, ['usr/lib64', 'lib64', 'usr/lib', 'lib'], /^ld-linux.*\.so\.\d+$/);
  const triplet = fs.readdirSync(join(tree, 'usr/lib')).find((name) => /-linux-gnu\w*$/.test(name));
  if (!linker || !triplet) throw new Error(`${tree} is not complete; remove it and try again`);
  const libraries = join(tree, 'usr/lib', triplet);
  const command = `"${linker}" --argv0 "$0" --library-path "${libraries}" "${tree}/usr/sbin/haproxy"`;
  return `#!/bin/sh\nexec ${command} "$@"\n`;
}

function firstFile(tree, folders, pattern) {
  for (const folder of folders.map((name) => join(tree, name))) {
    const name = fs.existsSync(folder) && fs.readdirSync(folder).find((entry) => pattern.test(entry));
    if (name) return join(folder, name);
  }
  return undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    console.log(haproxyOf(process.argv[2] ?? 'trixie'));
  } catch (error) {
    console.error(`haproxy: ${error.message}`);
    process.exit(1);
  }
}
