// A TCP relay that notes when what goes through it; so times are taken at the edge, not in the code.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface Passage {
  readonly at: number;
  readonly kind: 'connected' | 'asked' | 'answered';
  readonly bytes: Buffer;
}

export interface Tap {
  readonly port: number;
  /** What has passed since the last look, in order; `at` as performance.now(). */
  take(): Passage[];
  close(): void;
}

/** Relays 127.0.0.1:(some port) to 127.0.0.1:`target`. */
export async function startTap(target: number): Promise<Tap> {
  let passages: Passage[] = [];
  const sockets = new Set<Socket>();
  const note = (kind: Passage['kind'], bytes: Buffer = Buffer.alloc(0)): void => {
    passages.push({ at: performance.now(), kind, bytes });
  };
  const server = createServer((client) => {
    note('connected');
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => note('asked', bytes));
    upstream.on('data', (bytes) => note('answered', bytes));
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take: () => {
      const taken = passages;
      passages = [];
      return taken;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
