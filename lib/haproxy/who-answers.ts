// Asks who answers at an admin address, with one command and no prompt: it takes a millisecond of the socket.
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { isKind } from './errors.js';
import { type Identity, parseIdentity } from './identity.js';
import { type ConnectOptions, openSocket } from './socket.js';

/** Nobody is there, or somebody is who does not answer: another client has the socket. */
export type Answerer = Identity | 'nobody' | 'busy';

/** Far more than `show info` has, in bytes. */
const MAX_BYTES = 65_536;

export type WhoOptions = Pick<ConnectOptions, 'connectTimeoutMs' | 'tls' | 'lookup'> & {
  /** For the answer, in milliseconds; while another client has the socket, it does not come. */
  readonly answerTimeoutMs: number;
};

/** Asks in a connection of its own. Never throws. */
export async function whoAnswers(address: SocketAddress, options: WhoOptions): Promise<Answerer> {
  const connecting = openSocket(address, printAdminAddress(address), { ...options, ...UNUSED });
  const socket = await connecting.catch((error: unknown) =>
    isKind(error, 'connect') && /within/.test(error.detail) ? 'busy' : 'nobody',
  );
  if (typeof socket === 'string') return socket;
  return new Promise((resolve) => {
    let text = '';
    const end = (answerer: Answerer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answerer);
    };
    const timer = setTimeout(() => end('busy'), options.answerTimeoutMs);
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > MAX_BYTES) end('nobody');
    });
    socket.on('error', () => end('nobody'));
    socket.on('close', () => {
      const identity = parseIdentity(text);
      // What is cut off is of one that is just going.
      end(identity.pid > 0 ? identity : 'nobody');
    });
    socket.write('show info\n');
  });
}

/** Of connections that stay. */
const UNUSED = { promptTimeoutMs: 0, totalTimeoutMs: 0 };

/** Whether `later`, read after `earlier`, is of another process: within one, uptime and counts only grow. */
export function isOtherProcess(earlier: Identity, later: Identity): boolean {
  return (
    earlier.pid !== later.pid ||
    (earlier.startedAt !== undefined &&
      later.startedAt !== undefined &&
      earlier.startedAt !== later.startedAt) ||
    later.uptimeSeconds < earlier.uptimeSeconds ||
    later.connections < earlier.connections
  );
}
