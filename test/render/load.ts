// Requests to a frontend, one after another from several clients, for the tests of reloads.
import http from 'node:http';

const CLIENTS = 8;

export interface Load {
  answered(): number;
  /** The ports that answered a request that was sent since `forget`. */
  answering(): ReadonlySet<string>;
  forget(): void;
  failures(): string;
  stop(): Promise<string[]>;
}

/** Clients that send one request after another until told to stop; what went wrong, and how many were answered. */
export function startLoad(frontPort: number, ports: readonly number[]): Load {
  const failures: string[] = [];
  const known = new Set(ports.map(String));
  let answered = 0;
  let answering = new Set<string>();
  let going = true;
  const client = async (agent: http.Agent | false): Promise<void> => {
    while (going) {
      const seen = answering;
      const answer = await get(frontPort, agent);
      if (known.has(answer)) {
        answered += 1;
        seen.add(answer);
      } else failures.push(answer);
    }
    if (agent) agent.destroy();
  };
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    client(index % 2 === 0 ? false : new http.Agent({ keepAlive: true })),
  );
  return {
    answered: () => answered,
    answering: () => answering,
    forget: () => {
      answering = new Set();
    },
    failures: () => [...new Set(failures)].join(', '),
    stop: async () => {
      going = false;
      await Promise.all(clients);
      return failures;
    },
  };
}

function get(port: number, agent: http.Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', agent }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.once('end', () =>
        resolve(response.statusCode === 200 ? body : `status ${response.statusCode}`),
      );
      response.once('error', (error) => resolve(error.message));
    });
    request.once('error', (error) => resolve(error.message));
  });
}
