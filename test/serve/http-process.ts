// The built HTTP adapter as a process of its own, as a container starts it.
import { fileURLToPath } from 'node:url';
import type { Child, Harness } from '../../infra/local/harness.js';

export const BUILT_ADAPTER = [
  process.execPath,
  fileURLToPath(new URL('../../dist/http.mjs', import.meta.url)),
] as const;

export interface HttpProcess {
  readonly url: string;
  readonly child: Child;
}

/** Starts it on a free port, with the environment of a run, and waits until it lives. */
export async function startHttp(
  harness: Harness,
  env: Readonly<Record<string, string>>,
): Promise<HttpProcess> {
  const port = await harness.freePort();
  const url = `http://127.0.0.1:${port}`;
  const [command, ...args] = BUILT_ADAPTER;
  const child = await harness.spawn('http', command, args, { env: { ...env, PORT: String(port) } });
  await child.until(async () => (await fetch(`${url}/live`)).ok, { what: `the adapter at ${url} to live` });
  return { url, child };
}
