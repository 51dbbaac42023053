// Makes of the page's sources what a browser gets: one script, one style sheet, and the rest as it is.
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../lib/serve/page/client', import.meta.url));

/** Browsers of 2022 and later. */
const TARGET = ['chrome105', 'firefox110', 'safari16'];

/** `{ html, signIn, css, js, icon }`. */
export async function pageFiles() {
  const { build } = await import('esbuild');
  const bundle = async (entry) => {
    const { outputFiles } = await build({
      entryPoints: [join(folder, entry)],
      bundle: true,
      write: false,
      minify: true,
      format: 'iife',
      platform: 'browser',
      target: TARGET,
      legalComments: 'none',
      logLevel: 'warning',
    });
    return outputFiles[0].text;
  };
  const text = (name) => fs.readFileSync(join(folder, name), 'utf8');
  const [js, css] = await Promise.all([bundle('app.ts'), bundle('app.css')]);
  return { html: text('index.html'), signIn: text('sign-in.html'), css, js, icon: text('icon.svg') };
}
