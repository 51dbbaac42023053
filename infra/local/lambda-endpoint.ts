// Lambda's Invoke API on loopback, for the forwarder: runs the built bundles.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { closeServer, listenOnLoopback, readJson } from './http-server.js';
import {
  type Invocation,
  type LocalFunction,
  type LocalFunctionOptions,
  makeLocalFunction,
} from './local-function.js';

/** An invocation that has ended, for whoever shows or counts them. */
export interface Finished extends Invocation {
  readonly name: string;
  readonly event: unknown;
  /** Of `performance.now()`, in milliseconds: when it was asked for, and when it was done. */
  readonly askedAt: number;
  readonly doneAt: number;
}

export interface LambdaEndpointOptions {
  readonly functions: readonly LocalFunctionOptions[];
  readonly port?: number;
  readonly onFinished?: (finished: Finished) => void;
}

export interface LambdaEndpoint {
  /** For `AWS_ENDPOINT_URL_LAMBDA`. */
  readonly url: string;
  /** Invocations asked for over HTTP so far. */
  readonly requests: number;
  /** Invokes as the scheduler does, past HTTP. */
  invoke(name: string, event: unknown): Promise<Invocation>;
  /** Answers every request with 503, as an endpoint in trouble does. */
  setDown(down: boolean): void;
  close(): Promise<void>;
}

const PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/;

/** Starts the endpoint. A function is known by its name or by an ARN that ends in it. */
export async function startLambdaEndpoint(options: LambdaEndpointOptions): Promise<LambdaEndpoint> {
  const functions = new Map(options.functions.map((entry) => [entry.name, makeLocalFunction(entry)]));
  let down = false;
  let requests = 0;

  const invoke = async (found: LocalFunction, event: unknown): Promise<Invocation> => {
    const askedAt = performance.now();
    const invocation = await found.invoke(event);
    options.onFinished?.({ ...invocation, name: found.name, event, askedAt, doneAt: performance.now() });
    return invocation;
  };

  const server = createServer(async (request, response) => {
    requests++;
    const event = await readJson(request);
    const headers = { 'Content-Type': 'application/json', 'x-amzn-RequestId': randomUUID() };
    const refuse = (status: number, type: string): void => {
      response.writeHead(status, { ...headers, 'x-amzn-ErrorType': type });
      response.end(JSON.stringify({ Type: 'User', Message: type }));
    };
    const name = decodeURIComponent(PATH.exec(request.url ?? '')?.[1] ?? '');
    const found = functions.get(name.split(':').at(-1) ?? '');
    if (down) return refuse(503, 'ServiceUnavailableException');
    if (!found || request.method !== 'POST') return refuse(404, 'ResourceNotFoundException');
    if (event === undefined) return refuse(400, 'InvalidRequestContentException');
    if (request.headers['x-amz-invocation-type'] === 'Event') {
      response.writeHead(202, headers).end();
      await invoke(found, event);
      return;
    }
    const { ok, payload } = await invoke(found, event);
    response.writeHead(200, ok ? headers : { ...headers, 'X-Amz-Function-Error': 'Unhandled' }).end(payload);
  });

  return {
    url: await listenOnLoopback(server, options.port ?? 0),
    get requests() {
      return requests;
    },
    invoke: (name, event) => {
      const found = functions.get(name);
      if (!found) throw new Error(`no function ${name}; there are ${[...functions.keys()].join(', ')}`);
      return invoke(found, event);
    },
    setDown: (next) => {
      down = next;
    },
    close: async () => {
      await closeServer(server);
      await Promise.all([...functions.values()].map((found) => found.close()));
    },
  };
}
