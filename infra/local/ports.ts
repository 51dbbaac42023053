// Hands out free TCP ports on 127.0.0.1 that no other process of ours is handed at the same time.
import { createServer, type ListenOptions, type Server } from 'node:net';

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
      const lock = await listen(onLoopback(base));
      if (!lock) continue;
      lock.unref();
      locks.push(lock);
      next = base + 1;
      end = base + BLOCK;
      return;
    }
    throw new Error(`ports ${FIRST} to ${LAST} on 127.0.0.1 are all in use; end what holds them`);
  };

  /** Two that prefer a port see it free at the same time, and HAProxy would share it. A name decides. */
  const isOurs = async (port: number): Promise<boolean> => {
    if (process.platform !== 'linux') return true;
    const lock = await listen({ path: `\0iri-lb-port-${port}` });
    lock?.unref();
    if (lock) locks.push(lock);
    return lock !== undefined;
  };

  const take = async (preferred?: number): Promise<number> => {
    if (preferred !== undefined && (await isFree(preferred)) && (await isOurs(preferred))) return preferred;
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
  const server = await listen(onLoopback(port));
  if (!server) return false;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return true;
}

const onLoopback = (port: number): ListenOptions => ({ port, host: '127.0.0.1', exclusive: true });

function listen(options: ListenOptions): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen(options, () => resolve(server));
  });
}
