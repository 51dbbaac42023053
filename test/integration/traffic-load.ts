// Steady requests through a frontend, each noted with when it ran and who answered.
import http from 'node:http';

/** Times are of `performance.now()`, in milliseconds. */
export interface Answered {
  readonly connection: 'kept' | 'new';
  readonly from: number;
  readonly to: number;
  /** 200, or what went wrong. */
  readonly outcome: number | string;
  readonly node: string;
}

export interface Load {
  readonly answers: readonly Answered[];
  /** Resolves when each client has had an answer to a request that it sent after this call. */
  round(): Promise<void>;
  /** Ends when the requests under way have ended. */
  stop(): Promise<void>;
}

/** `clients` of each kind send one request after another to 127.0.0.1:`port` until they are stopped. */
export function startLoad(port: number, clients: number): Load {
  const answers: Answered[] = [];
  let stopping = false;
  /** Of each client: requests sent, and requests answered. */
  const counts: { sent: number; answered: number }[] = [];
  let wake = (): void => undefined;
  const client = async (connection: Answered['connection']): Promise<void> => {
    const agent =
      connection === 'kept'
        ? new http.Agent({ keepAlive: true, maxSockets: 1 })
        : new http.Agent({ keepAlive: false });
    const count = { sent: 0, answered: 0 };
    counts.push(count);
    while (!stopping) {
      const from = performance.now();
      count.sent += 1;
      const { outcome, node } = await ask(port, agent);
      answers.push({ connection, from, to: performance.now(), outcome, node });
      count.answered += 1;
      wake();
    }
    agent.destroy();
  };
  const running = Array.from({ length: clients }, () => [client('kept'), client('new')]).flat();
  return {
    answers,
    round: async () => {
      const marks = counts.map(({ sent }) => sent);
      while (counts.some(({ answered }, client) => answered <= (marks[client] ?? 0))) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    stop: async () => {
      stopping = true;
      await Promise.all(running);
    },
  };
}

const BODY = JSON.stringify({ command: 'getNodeInfo' });
const HEADERS = {
  'Content-Type': 'application/json',
  'Content-Length': BODY.length,
  'X-IOTA-API-Version': '1',
};
/** Longer than any answer takes; a request that hangs is a failed one. */
const TIMEOUT_MS = 20_000;

function ask(port: number, agent: http.Agent): Promise<Pick<Answered, 'outcome' | 'node'>> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ outcome: error.message, node: '' });
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/', headers: HEADERS, agent };
    const request = http.request({ ...options, timeout: TIMEOUT_MS }, (response) => {
      response.once('error', failed);
      response.resume().once('end', () => {
        resolve({
          outcome: response.statusCode ?? 0,
          node: String(response.headers['x-node-name'] ?? ''),
        });
      });
    });
    request.once('error', failed);
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.end(BODY);
  });
}
