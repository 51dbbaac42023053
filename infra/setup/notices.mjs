// The notices of the packages that are in the bundles: who made them, and their licences in full.
import fs from 'node:fs';
import { join } from 'node:path';

/** Of an input of esbuild: `node_modules/@scope/name`, however deep. */
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const LICENCE_FILE = /^(?:licen[cs]e|copying|notice|copyrightnotice)/i;
const RULE = '='.repeat(80);

/** Folders of the packages that have a share in any output of these builds, in order. */
export function packagesIn(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  );
  return [...new Set(inputs.flatMap((path) => PACKAGE.exec(path)?.[0] ?? []))].sort();
}

/**
 * The text of the notices; packages with the same text share it. Throws where a package says nothing of its licence:
 * it may not be handed on then.
 */
export function noticesOf(root, folders) {
  const packages = folders.map((folder) => describe(join(root, folder)));
  const byText = new Map();
  for (const found of packages) {
    const text = found.text || borrowed(found, packages);
    byText.set(text, [...(byText.get(text) ?? []), `${found.name} ${found.version} (${found.licence})`]);
  }
  const parts = [...byText].map(([text, names]) => `${RULE}\n${names.join('\n')}\n\n${text}\n`);
  return `What iri-lb's bundles hold of other people's work, and on which terms.\n\n${parts.join('\n')}`;
}

function describe(folder) {
  const {
    name,
    version,
    license: licence = 'no licence named',
  } = JSON.parse(fs.readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = fs.readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  const texts = files.sort().map((file) => fs.readFileSync(join(folder, file), 'utf8').trim());
  return { name, version, licence, text: texts.join('\n\n').replaceAll('\r\n', '\n') };
}

/** Apache's licence has no names in it, so that of another package is as good; others have. */
function borrowed({ name, licence }, packages) {
  const text = packages.find((other) => other.licence === licence && other.text)?.text;
  if (licence === 'Apache-2.0' && text) return text;
  throw new Error(`${name} (${licence}) comes without the text of its licence; is it right to bundle it?`);
}
