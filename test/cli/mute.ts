// Addresses that take connections and say nothing, as an admin socket does that another client holds.
import { createServer, type Socket } from 'node:net';

export interface Mute {
  /** `127.0.0.1:PORT`. */
  readonly hostPort: string;
  close(): Promise<void>;
}

export async function startMute(): Promise<Mute> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    hostPort: `127.0.0.1:${address.port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
