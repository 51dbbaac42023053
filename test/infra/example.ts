// The example settings and the template they give, for the tests of the stack.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { makeApp } from '../../infra/stack/app.js';
import { parseStackSettings, type StackSettings } from '../../infra/stack/settings.js';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

type Json = Record<string, unknown>;

/** The example settings as they are written, with `changes` put over them. */
export function exampleInput(changes: Json = {}): Json {
  return { ...JSON.parse(readFileSync(join(root, 'infra', 'example.settings.json'), 'utf8')), ...changes };
}

export function exampleSettings(changes: Json = {}): StackSettings {
  return parseStackSettings(exampleInput(changes), 'test');
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Json;
}

export interface Synthesised {
  readonly template: Template;
  readonly resources: Readonly<Record<string, Resource>>;
}

/** Synthesises in a folder of its own, with one-line bundles, and removes it. Throws what cdk-nag finds. */
export function synthesise(settings: StackSettings): Synthesised {
  const folder = mkdtempSync(join(tmpdir(), 'iri-lb-stack-'));
  try {
    for (const kind of ['watch', 'resync']) {
      mkdirSync(join(folder, 'dist', kind), { recursive: true });
      writeFileSync(join(folder, 'dist', kind, 'index.mjs'), `export const kind = '${kind}';\n`);
    }
    const { stack } = makeApp(settings, { dist: join(folder, 'dist'), outdir: join(folder, 'out') });
    const template = Template.fromStack(stack);
    return { template, resources: template.toJSON().Resources };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The properties of all resources of a type. */
export function propertiesOf({ resources }: Synthesised, type: string): Json[] {
  return Object.values(resources)
    .filter((resource) => resource.Type === type)
    .map((resource) => resource.Properties);
}
