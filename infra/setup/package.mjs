#!/usr/bin/env node
// `npm run package`: makes the one file that a host needs, iri-lb-VERSION.tgz, and its SHA-256 beside it.
//   node infra/setup/package.mjs [--out FOLDER]      (packages/ by default)
// The same bytes from the same commit, dependencies and Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './debian.mjs';
import { tarGz } from './tar.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const launcher = join(root, 'infra', 'setup', 'package');

/** What npm puts a package's files under, and `tar --strip-components=1` takes away. */
const PREFIX = 'package';
/** Where units belong on a host. */
const SYSTEMD = '/etc/systemd/system/';
/** Where registrations of IRI nodes expect the check, beside its place among the bundles. */
const NODE_CHECK = 'node-check.mjs';
const SHELLS = ['bash', 'zsh', 'fish'];
/** npm puts it where `man` looks. */
const MAN_PAGE = 'iri-lb.1';

/** Makes package and sum in `out`, and returns the path of the package. Throws in one line. */
export async function makePackage(out) {
  const { buildInto } = await import('./build.mjs');
  const built = join(root, 'node_modules', '.iri-lb', `package-${process.pid}`);
  const dist = join(built, 'dist');
  try {
    await buildInto(dist);
    const description = descriptionOf(dist);
    const files = [
      ...bundlesIn(dist),
      ...launcherFiles(),
      ...hostFiles(dist),
      ...completions(dist),
      ...papers(dist, description),
    ];
    const packed = tarGz(files.map((file) => ({ ...file, path: `${PREFIX}/${file.path}` })));
    return write(out, `iri-lb-${description.version}.tgz`, packed);
  } finally {
    fs.rmSync(built, { recursive: true, force: true });
  }
}

const file = (path, contents, mode = 0o644) => ({ path, mode, contents: Buffer.from(contents) });

/** All that is built, without source maps: those name sources that are not there. Man page and completions too. */
function bundlesIn(dist) {
  const names = fs
    .readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile());
  return names
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !path.endsWith('.map') && relative(dist, path) !== 'THIRD_PARTY_NOTICES')
    .flatMap((path) => {
      const name = relative(dist, path);
      const text = fs.readFileSync(path, 'utf8').replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');
      const mode = fs.statSync(path).mode & 0o111 ? 0o755 : 0o644;
      const bundle = file(join('dist', name), text, mode);
      return name === NODE_CHECK ? [bundle, { ...bundle, path: name }] : [bundle];
    });
}

function launcherFiles() {
  const text = (name) => fs.readFileSync(join(launcher, name));
  return [file('bin/iri-lb', text('iri-lb'), 0o755), file('bin/start.cjs', text('start.cjs'))];
}

/**
 * What `render systemd` gives without any setting, to begin with: all under units/, the program too, where it takes
 * the place of none that was rendered for this host.
 */
function hostFiles(dist) {
  const rendered = ask(join(dist, 'iri-lb.mjs'), 'render', 'systemd');
  return rendered.split(/^(?=# \/\S+ \(mode \d+\)$)/m).map((part) => {
    const [, path, mode, text] = /^# (\S+) \(mode (\d+)\)\n([\s\S]*)$/.exec(part) ?? [];
    if (path === undefined) throw new Error('render systemd: a file without a path');
    const name = path.startsWith(SYSTEMD) ? path.slice(SYSTEMD.length) : basename(path);
    return file(join('units', name), `${text.trimEnd()}\n`, Number.parseInt(mode, 8));
  });
}

/** For the shells that the command line has one for; none, where it has no such command. */
function completions(dist) {
  const program = join(dist, 'iri-lb.mjs');
  if (!/^ {2}completion /m.test(ask(program, '--help'))) return [];
  return SHELLS.map((shell) =>
    file(join('completions', `iri-lb.${shell}`), ask(program, 'completion', shell)),
  );
}

/** What the built command line prints; no variable has a say in it. */
const ask = (program, ...words) => run(process.execPath, [program, ...words], { env: {} });

function papers(dist, description) {
  const notices = fs.readFileSync(join(dist, 'THIRD_PARTY_NOTICES'));
  return [
    file('package.json', `${JSON.stringify(description, null, 2)}\n`),
    file('THIRD_PARTY_NOTICES', notices),
    ...['LICENSE', 'CHANGELOG.md'].map((name) => file(name, fs.readFileSync(join(root, name)))),
  ];
}

/** Without dependencies, which are in the bundles, and without scripts. Not `module`: the launcher is for any Node. */
function descriptionOf(dist) {
  const { name, version, description, license, engines } = JSON.parse(
    fs.readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const man = fs.existsSync(join(dist, MAN_PAGE)) ? { man: `dist/${MAN_PAGE}` } : {};
  return { name, version, description, license, bin: { 'iri-lb': 'bin/iri-lb' }, ...man, engines };
}

/** Each under another name first: nobody installs half a package. */
function write(out, name, packed) {
  fs.mkdirSync(out, { recursive: true });
  const put = (to, contents) => {
    const fresh = join(out, `.${to}-${process.pid}`);
    fs.writeFileSync(fresh, contents);
    fs.renameSync(fresh, join(out, to));
  };
  put(name, packed);
  const sum = createHash('sha256').update(packed).digest('hex');
  put(`${name}.sha256`, `${sum}  ${name}\n`);
  return { path: join(out, name), bytes: packed.length, sum };
}

/** How many files are not as the commit has them; 0 also where this is no checkout. */
function uncommitted() {
  const { status, stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.split('\n').filter((line) => line !== '').length : 0;
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const { path, bytes, sum } = await makePackage(values.out ?? join(root, 'packages'));
  console.log(`${path}  ${(bytes / 1000).toFixed(0)} kB\nsha256 ${sum}, also in ${path}.sha256`);
  const changed = uncommitted();
  if (changed > 0)
    console.error(`package: ${changed} files are not as they were committed; the package is of what is here`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await main();
  } catch (error) {
    const missing = error?.code === 'ERR_MODULE_NOT_FOUND' ? '; run npm ci first' : '';
    console.error(`package: ${error.message.split('\n')[0]}${missing}`);
    process.exit(1);
  }
}
