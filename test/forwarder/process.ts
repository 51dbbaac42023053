// Starts the forwarder as a process of its own, from source or built, pointed at a Lambda endpoint of the test.
import { fileURLToPath } from 'node:url';
import type { Child, Harness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import type { DeliveryStatus } from '../../lib/forwarder/delivery.js';

export const FORWARDER = [
  process.execPath,
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('../../functions/forwarder.ts', import.meta.url)),
] as const;

/** As it is deployed. */
export const BUILT_FORWARDER = [
  process.execPath,
  fileURLToPath(new URL('../../dist/forwarder.mjs', import.meta.url)),
] as const;

/** What the forwarder needs from its environment, and nothing of ours. */
export const environmentFor = (endpoint: string) => ({
  WATCH_FUNCTION: 'iri-lb-watch',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_LAMBDA: endpoint,
});

export interface Forwarder {
  readonly url: string;
  readonly child: Child;
  status(): Promise<DeliveryStatus>;
  /** As Consul's HTTP handler would post it. */
  post(index: number): Promise<number>;
}

/** Starts it listening on a free port and waits until it answers. */
export async function startForwarder(
  harness: Harness,
  endpoint: string,
  program: readonly [string, ...string[]] = FORWARDER,
): Promise<Forwarder> {
  const address = `127.0.0.1:${await harness.freePort()}`;
  const url = `http://${address}`;
  const [command, ...args] = program;
  const child = await harness.spawn('forwarder', command, [...args, '--listen', address], {
    env: environmentFor(endpoint),
  });
  const status = async (): Promise<DeliveryStatus> =>
    (await (await fetch(`${url}/health`)).json()) as DeliveryStatus;
  await waitFor(status, { what: `the forwarder at ${url}`, detail: () => child.output() });
  const post = async (index: number): Promise<number> => {
    const headers = { 'X-Consul-Index': String(index), 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}/watch/iri`, { method: 'POST', headers, body: '[]' });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { url, child, status, post };
}
