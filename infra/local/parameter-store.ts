// A parameter store on loopback that the real SSM client talks to; it can fail, dawdle and rotate.
import { createServer } from 'node:http';
import { closeServer, listenOnLoopback, readJson } from './http-server.js';
import { noteSecret } from './secrets.js';

/** An error as SSM sends it, such as `ParameterNotFound`, `AccessDeniedException`, `InvalidKeyId`. */
export interface ParameterFault {
  readonly type: string;
  readonly message?: string;
  /** 400 by default, which the SDK does not try again; it does for 500. */
  readonly status?: number;
}

export interface ParameterStore {
  /** For `AWS_ENDPOINT_URL_SSM`. */
  readonly url: string;
  /** GetParameter calls so far. */
  readonly requests: number;
  /** Sets, rotates, or (undefined) removes a parameter. */
  set(name: string, value: string | undefined): void;
  /** Answers every request with this error; undefined heals it. */
  fail(fault: ParameterFault | undefined): void;
  /** Answers this much later, in milliseconds. */
  delay(ms: number): void;
  close(): Promise<void>;
}

const CONTENT_TYPE = { 'Content-Type': 'application/x-amz-json-1.1' };

/** Starts it with these parameters, all of them SecureStrings. */
export async function startParameterStore(
  parameters: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<ParameterStore> {
  const values = new Map(Object.entries(parameters));
  for (const value of values.values()) noteSecret(value);
  let fault: ParameterFault | undefined;
  let delayMs = 0;
  let requests = 0;

  const answer = (target: unknown, input: unknown): { status: number; body: object } => {
    if (fault) {
      const { type, message = type, status = 400 } = fault;
      return { status, body: { __type: type, message } };
    }
    if (target !== 'AmazonSSM.GetParameter') {
      return { status: 400, body: { __type: 'UnknownOperationException', message: String(target) } };
    }
    const name = typeof input === 'object' && input !== null && 'Name' in input ? String(input.Name) : '';
    const value = values.get(name);
    if (value === undefined) return { status: 400, body: { __type: 'ParameterNotFound', message: '' } };
    return {
      status: 200,
      body: { Parameter: { Name: name, Type: 'SecureString', Value: value, Version: 1 } },
    };
  };

  const server = createServer(async (request, response) => {
    requests++;
    const input = await readJson(request);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const { status, body } = answer(request.headers['x-amz-target'], input);
    response.writeHead(status, CONTENT_TYPE).end(JSON.stringify(body));
  });
  return {
    url: await listenOnLoopback(server, port),
    get requests() {
      return requests;
    },
    set: (name, value) => {
      if (value === undefined) values.delete(name);
      else values.set(name, value);
      if (value !== undefined) noteSecret(value);
    },
    fail: (next) => {
      fault = next;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    close: () => closeServer(server),
  };
}
