// Asks a node over HTTP or HTTPS: one connection, bounded in time and size, redirects not followed.
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { urlToHttpOptions } from 'node:url';
import { messageOf } from '../../model/errors.js';
import { describeFailure } from './failures.js';
import type { CheckOptions } from './options.js';

export interface Reply {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** `node:http` or `node:https`, whichever the URL needs: loading the other would cost start time. */
export interface HttpModule {
  readonly Agent: new (options: object) => Agent;
  request(options: RequestOptions, onReply: (reply: IncomingMessage) => void): ClientRequest;
}

/** A request got no usable answer; the message is the finding. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
}

export interface NodeConnection {
  /** Posts one command. Rejects with RequestFailure. */
  ask(command: string): Promise<Reply>;
  close(): void;
}

/** A getNodeInfo is below 2 kB. */
const MAX_ANSWER_BYTES = 262_144;

/** Opens nothing yet; the budget of all requests starts now. */
export function connectNode(http: HttpModule, options: CheckOptions): NodeConnection {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: options.verifyTls });
  const deadline = performance.now() + options.budgetMs;
  const target = urlToHttpOptions(options.url);

  const ask = (command: string, again = false): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const restMs = Math.round(deadline - performance.now());
      const body = JSON.stringify({ command });
      const headers = {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'X-IOTA-API-Version': '1',
      };
      let received = 'no answer';
      const request = http.request({ ...target, method: 'POST', agent, headers }, (reply) => {
        received = 'no complete answer';
        readReply(reply).then(succeed, (error: unknown) => fail(messageOf(error)));
      });
      const fail = (why: string): void => {
        clearTimeout(timer);
        request.destroy();
        reject(new RequestFailure(`${command}: ${why}`));
      };
      const succeed = (reply: Reply): void => {
        clearTimeout(timer);
        resolve(reply);
      };
      const timer = setTimeout(
        () => fail(`${received} within ${limitText(options, restMs)}`),
        Math.max(1, Math.min(options.timeoutMs, restMs)),
      );
      request.on('error', (error: Error & { code?: string }) => {
        // The node closed the idle connection just as it was used again: nothing was read, so ask once more.
        if (request.reusedSocket && error.code === 'ECONNRESET' && received === 'no answer' && !again) {
          clearTimeout(timer);
          ask(command, true).then(resolve, reject);
        } else fail(describeFailure(error));
      });
      request.end(body);
    });
  return { ask: (command) => ask(command), close: () => agent.destroy() };
}

async function readReply(reply: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES)
        throw new RangeError(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof RangeError ? error : new Error('the answer was cut off');
  }
  return {
    status: reply.statusCode ?? 0,
    location: reply.headers.location,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function limitText({ timeoutMs, budgetMs }: CheckOptions, restMs: number): string {
  return restMs < timeoutMs ? `${budgetMs / 1000} s for all requests` : `${timeoutMs / 1000} s`;
}
