#!/usr/bin/env node
// Bundles the functions and the command line into dist/, which is what is tested, run and deployed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { noticesOf, packagesIn } from './notices.mjs';
import { pageFiles } from './page-files.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const dist = join(root, 'dist');
const stampFile = join(dist, '.sources');

/** What the licences of bundled packages ask for; comments in the bundles would be loaded at each start. */
const NOTICES = 'THIRD_PARTY_NOTICES';

/** ESM has no `require`, which CommonJS dependencies call. A name that no minifier picks. */
const REQUIRE =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/**
 * Functions run on Lambda (Node 22 and up), the rest also on the Node 20 of a Debian machine. `split`:
 * what is imported dynamically (the SSM client, 630 kB) is a file of its own, read only when it is needed;
 * what is copied to a host alone is one file. `runs`: a function, which looks at nothing.
 */
const BUNDLES = [
  { entry: 'functions/watch/index.ts', folder: 'watch', target: 'node22', split: true, runs: true },
  { entry: 'functions/resync/index.ts', folder: 'resync', target: 'node22', split: true, runs: true },
  { entry: 'functions/forwarder.ts', target: 'node20' },
  { entry: 'functions/node-check.ts', target: 'node20', executable: true },
  { entry: 'functions/http.ts', target: 'node20', split: true },
  { entry: 'functions/iri-lb.ts', target: 'node20', split: true, executable: true, page: true },
];

/** Builds all bundles beside dist/ and then puts them in its place. Prints their sizes. */
export async function build() {
  const stamp = sourcesStamp();
  const work = join(root, 'node_modules', '.iri-lb');
  const fresh = join(work, `dist-${process.pid}`);
  const old = join(work, `old-${process.pid}`);
  try {
    for (const line of await buildInto(fresh)) console.log(line);
    fs.writeFileSync(join(fresh, '.sources'), stamp);
    swap(fresh, old);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
    fs.rmSync(old, { recursive: true, force: true });
  }
}

/** Builds all bundles, with their notices, into a folder that need not be there. Returns a line on the size of each. */
export async function buildInto(folder) {
  const { build: esbuild } = await import('esbuild');
  fs.mkdirSync(folder, { recursive: true });
  const metafiles = [];
  const lines = [];
  const page = await pageFiles();
  for (const bundle of BUNDLES) {
    const { metafile, outputFiles } = await esbuild(settings(bundle, page));
    metafiles.push(metafile);
    const written = new Map();
    for (const { path, contents: made } of outputFiles) {
      const contents = withoutIdleRequire(made);
      written.set(relative(root, path), contents.length);
      const file = join(folder, relative(dist, path));
      fs.mkdirSync(dirname(file), { recursive: true });
      fs.writeFileSync(file, contents);
    }
    if (bundle.executable) fs.chmodSync(join(folder, outputName(bundle)), 0o755);
    lines.push(sizes(bundle, metafile, written));
  }
  fs.writeFileSync(join(folder, 'iri-lb.1'), manPage(folder));
  fs.writeFileSync(join(folder, NOTICES), noticesOf(root, packagesIn(metafiles)));
  return lines;
}

/** Whether dist/ is what the sources would give. */
export function isBuilt() {
  return fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === sourcesStamp();
}

/** A chunk without the banner, where nothing calls `require`; its line end stays, so that the source map is right. */
function withoutIdleRequire(contents) {
  const text = Buffer.from(contents).toString();
  if (!text.startsWith(REQUIRE) || /\brequire\b/.test(text.slice(REQUIRE.length))) return contents;
  return Buffer.from(text.slice(REQUIRE.length));
}

/** A package asks its own description for a name or version, and would have the rest of it loaded at each start. */
const DESCRIPTIONS = {
  name: 'descriptions',
  setup: (build) =>
    build.onLoad({ filter: /[\\/]node_modules[\\/].*[\\/]package\.json$/ }, ({ path }) => {
      const { name, version } = JSON.parse(fs.readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    }),
};

function settings({ entry, folder = '', target, split = false, page = false, runs = false }, files) {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    // Written elsewhere first, but the source maps are relative to here.
    outdir: join(dist, folder),
    write: false,
    bundle: true,
    format: 'esm',
    // The SDK's CommonJS side, which esbuild prefers for Node, loses its names when imported dynamically.
    mainFields: ['module', 'main'],
    platform: 'node',
    target,
    minify: true,
    splitting: split,
    chunkNames: 'chunks/[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    banner: { js: REQUIRE },
    plugins: [DESCRIPTIONS],
    define: {
      IRI_LB_BUILD: JSON.stringify(buildOf()),
      ...(runs ? { IRI_LB_FUNCTION: 'true' } : {}),
      // As text: what is an object, esbuild puts into every file.
      ...(page ? { IRI_LB_PAGE: JSON.stringify(JSON.stringify(files)) } : {}),
    },
  };
}

/** The version, and the commit where this is a checkout. */
function buildOf() {
  const { version } = JSON.parse(fs.readFileSync(join(root, 'package.json'), 'utf8'));
  return { version, commit: commitOf() };
}

function commitOf() {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    const top = execFileSync('git', ['rev-parse', '--show-toplevel'], options).trim();
    if (fs.realpathSync(top) !== fs.realpathSync(root)) return '';
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], options).trim();
  } catch {
    return '';
  }
}

/** The man page, which the program in `folder` has of its own commands; no variable has a say in it. */
function manPage(folder) {
  return execFileSync(process.execPath, [join(folder, 'iri-lb.mjs'), 'man-page'], { env: {} });
}

function outputName({ entry, folder }) {
  return folder ? `${folder}/index.mjs` : entry.replace('functions/', '').replace(/\.ts$/, '.mjs');
}

/** `dist/watch/index.mjs  120 kB, and 640 kB on demand`: loaded at start, and loaded only when needed. */
function sizes(bundle, { outputs }, written) {
  const [entryFile] = Object.keys(outputs).filter((file) => outputs[file].entryPoint === bundle.entry);
  const atStart = new Set();
  const visit = (file) => {
    if (atStart.has(file)) return;
    atStart.add(file);
    for (const { path, kind } of outputs[file].imports) {
      if (kind === 'import-statement' && outputs[path]) visit(path);
    }
  };
  visit(entryFile);
  let eager = 0;
  let lazy = 0;
  for (const file of Object.keys(outputs)) {
    if (file.endsWith('.map')) continue;
    const bytes = written.get(file) ?? 0;
    if (atStart.has(file)) eager += bytes;
    else lazy += bytes;
  }
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const onDemand = lazy > 0 ? `, and ${kilobytes(lazy)} on demand` : '';
  return `dist/${outputName(bundle).padEnd(18)} ${kilobytes(eager).padStart(9)}${onDemand}`;
}

/** A directory cannot be replaced in one step; two renames leave a gap of microseconds. */
function swap(fresh, old) {
  for (let attempt = 0; ; attempt++) {
    try {
      if (fs.existsSync(dist)) fs.renameSync(dist, old);
      fs.renameSync(fresh, dist);
      return;
    } catch (error) {
      // Another build did the same at this very moment.
      if (attempt === 5 || !['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
      fs.rmSync(old, { recursive: true, force: true });
    }
  }
}

/** Changes with every file that can end up in a bundle: by path, size and time, since reading all is slow. */
function sourcesStamp() {
  const hash = createHash('sha256');
  const add = (path) => {
    const stat = fs.statSync(path);
    if (stat.isDirectory()) for (const name of fs.readdirSync(path).sort()) add(join(path, name));
    else hash.update(`${relative(root, path)} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const name of ['functions', 'lib', 'infra', 'package-lock.json', 'tsconfig.json'])
    add(join(root, name));
  return hash.digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build();
