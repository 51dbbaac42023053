// A small Runtime API server: what Lambda is to its runtime client. Loopback only.
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { closeServer, listenOnLoopback, readJson } from '../../infra/local/http-server.js';

/** How an invocation ended. */
export interface Outcome {
  readonly requestId: string;
  readonly kind: 'response' | 'error' | 'init-error';
  readonly body: unknown;
  /** performance.now() when the event was handed over, and when the outcome came. */
  readonly from: number;
  readonly to: number;
}

export interface RuntimeApi {
  /** `host:port`, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** performance.now() when the runtime asked for its first event: the function was loaded. */
  readonly ready: Promise<number>;
  /** Hands an event over as soon as the runtime asks for one. */
  invoke(event: unknown, timeoutMs: number): Promise<Outcome>;
  close(): Promise<void>;
}

interface Waiting {
  readonly event: unknown;
  readonly timeoutMs: number;
  readonly resolve: (outcome: Outcome) => void;
}

const PREFIX = '/2018-06-01/runtime';

export async function startRuntimeApi(functionName: string): Promise<RuntimeApi> {
  const events: Waiting[] = [];
  const running = new Map<string, Waiting & { readonly from: number }>();
  let asking: ServerResponse | undefined;
  let isReady: (at: number) => void = () => undefined;
  const ready = new Promise<number>((resolve) => {
    isReady = resolve;
  });

  const handOver = (): void => {
    const next = asking && events.shift();
    if (!asking || !next) return;
    const requestId = randomUUID();
    running.set(requestId, { ...next, from: performance.now() });
    asking.writeHead(200, {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': requestId,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + next.timeoutMs),
      'Lambda-Runtime-Invoked-Function-Arn': `arn:aws:lambda:eu-central-1:123456789012:function:${functionName}`,
      'Lambda-Runtime-Trace-Id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
    });
    asking.end(JSON.stringify(next.event));
    asking = undefined;
  };
  const finish = (requestId: string, kind: Outcome['kind'], body: unknown): void => {
    const run = running.get(requestId);
    running.delete(requestId);
    run?.resolve({ requestId, kind, body, from: run.from, to: performance.now() });
  };

  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    if (path === `${PREFIX}/invocation/next`) {
      isReady(performance.now());
      asking = response;
      handOver();
      return;
    }
    const [, requestId = '', kind] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const body = await readJson(request);
    if (kind === 'response' || kind === 'error') finish(requestId, kind, body);
    if (path === `${PREFIX}/init/error`) {
      const at = performance.now();
      for (const { resolve } of events.splice(0))
        resolve({ requestId: '', kind: 'init-error', body, from: at, to: at });
    }
    response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
  });
  const url = await listenOnLoopback(server, 0);

  return {
    address: new URL(url).host,
    ready,
    invoke: (event, timeoutMs) =>
      new Promise((resolve) => {
        events.push({ event, timeoutMs, resolve });
        handOver();
      }),
    close: () => closeServer(server),
  };
}
