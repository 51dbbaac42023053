// What the set-up knows of Debian and its package manager.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a user's PATH may lack what the system has: Debian keeps haproxy in /usr/sbin. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The file that a command name or path stands for; undefined when there is none. */
export function findCommand(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const files = command.includes('/') ? [command] : folders.map((folder) => join(folder, command));
  return files.find((file) => existsSync(file));
}

/** Runs a command and returns its stdout; throws with what it said on stderr. */
export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    ...options,
  });
  if (error) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) {
    const said = (stderr || stdout || '').trim().split('\n').slice(-6).join('\n');
    throw new Error(`${command} ${args.filter((arg) => !arg.startsWith('-')).join(' ')}: ${said}`);
  }
  return stdout;
}

/** `{ id: 'debian', codename: 'bookworm' }` on Debian, Ubuntu and what is made from them, if it has apt. */
export function debianRelease() {
  if (!existsSync('/etc/os-release') || !findCommand('apt-get')) return undefined;
  const text = readFileSync('/etc/os-release', 'utf8');
  const field = (name) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const id = field('ID');
  const family = [id, ...field('ID_LIKE').split(' ')];
  if (!family.includes('debian') && !family.includes('ubuntu')) return undefined;
  return { id, codename: field('VERSION_CODENAME') };
}

/** The mirror that this machine itself takes its release from. */
export function debianMirror(codename) {
  const targets = run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(CODENAME)']);
  for (const line of targets.split('\n')) {
    const [uri, release, name] = line.split(' ');
    if (uri && (release === codename || name === codename)) return uri.replace(/\/$/, '');
  }
  throw new Error(`apt has no source for ${codename}; see /etc/apt/sources.list`);
}
