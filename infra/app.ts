// `npm run synth [-- SETTINGS.json [FOLDER]]`: writes the CloudFormation template and its assets, to cdk.out.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../lib/model/errors.js';
import { makeApp } from './stack/app.js';
import { readStackSettings } from './stack/settings.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

try {
  const [file = join(root, 'infra', 'example.settings.json'), outdir = join(root, 'cdk.out')] =
    process.argv.slice(2);
  const settings = readStackSettings(file);
  const { build, isBuilt } = await import('./setup/build.mjs');
  // What is deployed is what was tested: the bundles are made again only where the sources have changed.
  if (!isBuilt()) await build();
  const { app } = makeApp(settings, { dist: join(root, 'dist'), outdir });
  const assembly = app.synth();
  for (const { templateFullPath } of assembly.stacks) console.log(templateFullPath);
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
