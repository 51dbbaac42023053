// The local Invoke API: answers as Lambda does, runs bundles as Lambda does.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Finished,
  type LambdaEndpoint,
  startLambdaEndpoint,
} from '../../infra/local/lambda-endpoint.js';
import { waitFor } from '../../infra/local/wait-for.js';

/** A bundle that does what its event says. */
const BUNDLE = `
import { appendFileSync } from 'node:fs';
let warm = 0;
let running = 0;
export async function handler(event, context) {
  running++;
  console.log('run ' + ++warm);
  if (event.fail) throw new TypeError(event.fail);
  if (event.exit) process.exit(3);
  if (event.hang) await new Promise(() => {});
  if (event.ms) await new Promise((resolve) => setTimeout(resolve, event.ms));
  const { awsRequestId, functionName } = context;
  const seen = { warm, running, word: process.env.WORD, functionName };
  running--;
  return { ...seen, request: awsRequestId.length, left: context.getRemainingTimeInMillis() > 0 };
}
`;

let dir: string;
let endpoint: LambdaEndpoint;
let finished: Finished[];
let output: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'iri-lb-test-'));
  const bundle = join(dir, 'index.mjs');
  writeFileSync(bundle, BUNDLE);
  finished = [];
  output = [];
  endpoint = await startLambdaEndpoint({
    functions: [
      { name: 'echo', bundle, env: { WORD: 'hello' }, onOutput: (line) => output.push(line) },
      // Long enough for a cold start on a machine that has much else to do.
      { name: 'hasty', bundle, env: {}, timeoutMs: 2_000 },
      { name: 'broken', bundle: join(dir, 'none.mjs'), env: {} },
    ],
    onFinished: (entry) => finished.push(entry),
  });
});

afterEach(async () => {
  await endpoint.close();
  rmSync(dir, { recursive: true, force: true });
});

async function invoke(name: string, event: unknown, type = 'RequestResponse') {
  const response = await fetch(`${endpoint.url}/2015-03-31/functions/${name}/invocations`, {
    method: 'POST',
    headers: { 'X-Amz-Invocation-Type': type },
    body: typeof event === 'string' ? event : JSON.stringify(event),
  });
  const text = await response.text();
  const failure = response.headers.get('x-amz-function-error');
  return { status: response.status, failure, body: text === '' ? undefined : JSON.parse(text) };
}

describe('an invocation', () => {
  it('is answered with the result, in an environment that stays warm and is its own', async () => {
    const first = await invoke('echo', {});
    const second = await invoke('echo', {});

    const seen = { word: 'hello', functionName: 'iri-lb-echo', running: 1, request: 36, left: true };
    expect(first).toEqual({ status: 200, failure: null, body: { ...seen, warm: 1 } });
    expect(second.body).toMatchObject({ warm: 2 });
    expect(output).toEqual(['run 1', 'run 2']);
  });

  it('of type Event is taken at once and run in the background', async () => {
    expect(await invoke('echo', { ms: 50 }, 'Event')).toEqual({
      status: 202,
      failure: null,
      body: undefined,
    });
    await waitFor(() => finished.length === 1, { what: 'the run' });
    expect(finished[0]).toMatchObject({ name: 'echo', ok: true, event: { ms: 50 } });
  });

  it('waits for those before it', async () => {
    const results = await Promise.all([1, 2, 3].map(() => invoke('echo', { ms: 20 })));
    expect(results.map(({ body }) => body.running)).toEqual([1, 1, 1]);
  });

  it('finds the function by the end of an ARN', async () => {
    const arn = encodeURIComponent('arn:aws:lambda:eu-central-1:000000000000:function:echo');
    expect(await invoke(arn, {})).toMatchObject({ status: 200, body: { warm: 1 } });
  });
});

describe('an invocation that fails', () => {
  it('is answered with the error, and the environment stays', async () => {
    const failed = await invoke('echo', { fail: 'no luck' });
    expect(failed).toEqual({
      status: 200,
      failure: 'Unhandled',
      body: { errorType: 'TypeError', errorMessage: 'no luck' },
    });
    expect((await invoke('echo', {})).body).toMatchObject({ warm: 2 });
  });

  it('by ending its process is a failure, and the next one is a cold start', async () => {
    expect((await invoke('echo', { exit: true })).body).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await invoke('echo', {})).body).toMatchObject({ warm: 1 });
  });

  it('by hanging is cut off at its timeout, and the next one is a cold start', async () => {
    expect((await invoke('hasty', { hang: true })).body).toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect((await invoke('hasty', {})).body).toMatchObject({ warm: 1 });
  });

  it('because there is no such bundle says so', async () => {
    const { failure, body } = await invoke('broken', {});
    expect(failure).toBe('Unhandled');
    expect(body.errorMessage).toMatch(/none\.mjs/);
  });
});

describe('a request that is none', () => {
  it('is refused as Lambda refuses it', async () => {
    expect(await invoke('nobody', {})).toMatchObject({ status: 404 });
    expect(await invoke('echo', 'not JSON')).toMatchObject({ status: 400 });
    expect(finished).toEqual([]);
  });

  it('is refused with 503 while the endpoint is down', async () => {
    endpoint.setDown(true);
    expect(await invoke('echo', {})).toMatchObject({ status: 503 });
    endpoint.setDown(false);
    expect(await invoke('echo', {})).toMatchObject({ status: 200 });
  });
});
