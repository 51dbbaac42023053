// Hands out free TCP ports on 127.0.0.1 that no other process of ours is handed at the same time.
import { createServer, type Server } from 'node:net';

/** Below the range from which Linux takes the ports of outgoing connections (32768 and up). */
const FIRST = 20_000;
const LAST = 32_700;
const BLOCK = 100;

export interface Ports {
  /** `preferred` where it is free, else one that was never handed out by this process. */
  free(preferred?: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * Ports come in blocks. The first port of a block is kept bound and so is the lock on the block: the
 * kernel gives it back however the process ends. Within a block each port is tried before it is given.
 */
export function makePorts(): Ports {
  const locks: Server[] = [];
  let next = 0;
  let end = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const claimBlock = async (): Promise<void> => {
    const blocks = Math.floor((LAST - FIRST) / BLOCK);
    const offset = Math.floor(Math.random() * blocks);
    for (let i = 0; i < blocks; i++) {
      const base = FIRST + ((offset + i) % blocks) * BLOCK;
      const lock = await listen(base);
      if (!lock) continue;
      lock.unref();
      locks.push(lock);
      next = base + 1;
      end = base + BLOCK;
      return;
    }
    throw new Error(`ports ${FIRST} to ${LAST} on 127.0.0.1 are all in use; end what holds them`);
  };

  const take = async (preferred?: number): Promise<number> => {
    if (preferred !== undefined && (await isFree(preferred))) return preferred;
    for (;;) {
      if (next >= end) await claimBlock();
      const port = next++;
      if (await isFree(port)) return port;
    }
  };

  return {
    free: (preferred) => {
      const taken = queue.then(() => take(preferred));
      queue = taken.catch(() => undefined);
      return taken;
    },
    close: async () => {
      await Promise.all(
        locks.splice(0).map((lock) => new Promise<void>((resolve) => lock.close(() => resolve()))),
      );
    },
  };
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (!server) return false;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return true;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
