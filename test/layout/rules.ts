// The arrow rule: which folder of lib may import which, and which packages; and what a circle is. Pure.
import { dirname } from 'node:path/posix';
import type { Imports } from './imports.js';

/** From the ground up: a folder imports those below it; those of one line do not import each other. */
const LEVELS: readonly (readonly string[])[] = [
  ['model'],
  ['iri'],
  ['config'],
  ['consul', 'haproxy', 'plan', 'telemetry', 'render', 'forwarder'],
  ['run'],
  ['doctor'],
  ['serve'],
  ['cli'],
];

/** Narrower than its level. */
const ONLY: Readonly<Record<string, readonly string[]>> = { plan: ['model', 'config'] };

/** Packages of npm, by folder. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  model: ['valibot'],
  iri: ['valibot'],
  config: ['valibot', '@aws-sdk/client-ssm'],
  consul: ['consul'],
  render: ['valibot'],
  forwarder: ['@aws-crypto/sha256-js', '@smithy/credential-provider-imds', '@smithy/signature-v4'],
  cli: ['@aws-sdk/client-cloudwatch-logs', 'commander', 'cli-table3', 'picocolors'],
};

/** `plan` of `lib/plan/pool.ts`; undefined for what is not in a folder of lib. */
const folderOf = (file: string): string | undefined => /^lib\/([^/]+)\//.exec(file)?.[1];

const levelOf = (folder: string): number => LEVELS.findIndex((level) => level.includes(folder));

/** Every import that points the wrong way, as `file -> target`. */
export function wrongArrows(imports: Imports): string[] {
  return [...imports].flatMap(([file, targets]) =>
    targets.filter(({ target }) => !isAllowed(file, target)).map(({ target }) => `${file} -> ${target}`),
  );
}

function isAllowed(file: string, target: string): boolean {
  const from = folderOf(file);
  // The functions and infra stand above lib.
  if (from === undefined) return !file.startsWith('lib/');
  if (target.startsWith('node:')) return true;
  if (!/^(?:lib|infra|functions|test)\//.test(target)) return PACKAGES[from]?.includes(target) ?? false;
  const to = folderOf(target);
  if (to === undefined || levelOf(from) === -1) return false;
  if (to === from) return true;
  return ONLY[from]?.includes(to) ?? levelOf(to) < levelOf(from);
}

/** Files that reach themselves, and folders that do, each circle as `a -> b -> a`. */
export function circles(imports: Imports): string[] {
  const files = new Map([...imports].map(([file, targets]) => [file, targets.map(({ target }) => target)]));
  const folders = new Map<string, string[]>();
  for (const [file, targets] of files) {
    const known = folders.get(dirname(file)) ?? [];
    const others = targets.filter((target) => files.has(target)).map((target) => dirname(target));
    folders.set(dirname(file), [...known, ...others.filter((folder) => folder !== dirname(file))]);
  }
  return [...circlesOf(files), ...circlesOf(folders)];
}

function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (node: string, way: readonly string[]): void => {
    if (way.includes(node)) found.push([...way.slice(way.indexOf(node)), node].join(' -> '));
    if (way.includes(node) || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...way, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return [...new Set(found)];
}
