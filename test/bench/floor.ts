// The least that filling HAProxy from Consul can cost: the same bytes over the same sockets, and no thought.
import http from 'node:http';
import net from 'node:net';

const WINDOW_BYTES = 8192;
const PROMPT = '\n> ';

/** One interactive connection to an admin socket that counts answers and looks at none. */
export interface FloorConnection {
  /** Sends the lines with at most 8 kB unanswered, and resolves when all are answered. */
  send(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Connects to `admin`, `tcp://host:port` or `unix:/path`, and waits for the prompt. */
export async function connectFloor(admin: string): Promise<FloorConnection> {
  const { hostname, port, pathname, protocol } = new URL(admin);
  const target =
    protocol === 'unix:' ? { path: pathname } : { host: hostname, port: Number(port), noDelay: true };
  const socket = net.connect(target);
  let onAnswers = (_count: number): void => undefined;
  let onError = (_error: Error): void => undefined;
  let tail = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const data = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk;
    let count = 0;
    let end = 0;
    for (let at = data.indexOf(PROMPT); at !== -1; at = data.indexOf(PROMPT, end)) {
      count += 1;
      end = at + PROMPT.length;
    }
    // Where a prompt may have begun.
    tail = data.subarray(Math.max(end, data.length - (PROMPT.length - 1)));
    if (count > 0) onAnswers(count);
  });
  socket.on('error', (error) => onError(error));
  socket.on('close', () => onError(new Error('HAProxy closed the connection')));

  const send = (lines: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      if (lines.length === 0) return resolve();
      let next = 0;
      let answered = 0;
      let bytes = 0;
      const fill = (): void => {
        let text = '';
        for (let line = lines[next]; line !== undefined; line = lines[next]) {
          if (bytes + line.length + 1 > WINDOW_BYTES) break;
          text += `${line}\n`;
          bytes += line.length + 1;
          next += 1;
        }
        if (text !== '') socket.write(text, 'latin1');
      };
      onError = reject;
      onAnswers = (count) => {
        for (const last = answered + count; answered < last; answered += 1)
          bytes -= (lines[answered]?.length ?? 0) + 1;
        if (answered === lines.length) resolve();
        else fill();
      };
      fill();
    });

  await send(['prompt', 'set timeout cli 60s']);
  return {
    send,
    close: () =>
      new Promise((resolve) => {
        // HAProxy ends one that was silent for long, and then nothing tells of it again.
        if (socket.closed) return resolve();
        socket.removeAllListeners('close');
        socket.once('close', () => resolve());
        socket.end();
        socket.destroySoon();
      }),
  };
}

/** One GET over a connection of its own, its body through JSON.parse. */
export function getJson(url: string, token: string): Promise<{ index: string; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = token === '' ? {} : { 'X-Consul-Token': token };
    const request = http.get(url, { agent: false, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`${url}: ${response.statusCode}`));
        const index = String(response.headers['x-consul-index']);
        resolve({ index, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      });
    });
    request.once('error', reject);
  });
}
