// The page of `npm start`: the built command line serves it, and reads what the functions did from their history.
import { fileURLToPath } from 'node:url';
import type { Harness } from './harness.js';

const PROGRAM = fileURLToPath(new URL('../../dist/iri-lb.mjs', import.meta.url));

/** Starts it and returns its URL. `env`: as `iri-lb` takes it, `IRI_LB_HISTORY` with what the functions did. */
export async function startPage(harness: Harness, env: Readonly<Record<string, string>>): Promise<string> {
  const listen = `127.0.0.1:${await harness.freePort(8402)}`;
  const child = await harness.spawn('page', process.execPath, [PROGRAM, 'serve', '--listen', listen], {
    // The runs here are functions; an `iri-lb run` of somebody's own is none of ours.
    env: { ...env, IRI_LB_RUN: 'off' },
  });
  const url = `http://${listen}/`;
  await child.until(async () => (await fetch(`${url}live`)).status === 200, {
    what: 'the page to be served',
  });
  return url;
}
