// A TCP proxy in front of a real admin socket that keeps what was said, to see what really was sent.
import net from 'node:net';

export interface Tap {
  /** As `HAPROXY_ADDRESSES` takes it. */
  readonly address: string;
  /** Command lines received from clients, in order, of all connections. */
  lines(): string[];
  connections(): number;
  /** For each answer, in the order in which HAProxy gave them, the number of its connection, from 1. */
  answeredBy(): readonly number[];
  /** The most bytes of commands that were on their way without an answer. */
  largestUnansweredBytes(): number;
  clear(): void;
  close(): Promise<void>;
}

/** Listens on a free loopback port and passes everything on to `admin` (`tcp://host:port`). */
export async function startTap(admin: string): Promise<Tap> {
  const target = new URL(admin);
  let sent = '';
  let connections = 0;
  let answeredBy: number[] = [];
  let largest = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    connections += 1;
    const number = connections;
    const upstream = net.connect(Number(target.port), target.hostname);
    const unanswered: number[] = [];
    let bytes = 0;
    let tail = '';
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (chunk) => {
      sent += chunk.toString('latin1');
      for (const line of chunk.toString('latin1').split('\n').slice(0, -1)) unanswered.push(line.length + 1);
      bytes += chunk.length;
      largest = Math.max(largest, bytes);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      const text = tail + chunk.toString('latin1');
      for (const _ of text.matchAll(/\n> /g)) {
        bytes -= unanswered.shift() ?? 0;
        answeredBy.push(number);
      }
      tail = /\n> $/.test(text) ? '' : text.slice(-2);
      client.write(chunk);
    });
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroySoon());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    address: `tcp://127.0.0.1:${port}`,
    lines: () => sent.split('\n').filter(Boolean),
    connections: () => connections,
    answeredBy: () => answeredBy,
    largestUnansweredBytes: () => largest,
    clear: () => {
      sent = '';
      connections = 0;
      answeredBy = [];
      largest = 0;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
