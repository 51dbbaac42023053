// Bounds the connections of an HTTP server, such that who sends nothing, or slowly, keeps nobody out.
import type http from 'node:http';
import type { Socket } from 'node:net';

/** Agents and load balancers of a host need a few; in connections. */
const MAX_CONNECTIONS = 128;

/**
 * Where there are too many, the connection goes that has been longest without an answer: those that never ask
 * anything go first. An event that comes meanwhile is read and answered within milliseconds.
 */
export function keepRoom(server: http.Server, most = MAX_CONNECTIONS): void {
  // In the order in which they were opened, or last answered.
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > most) oldest?.destroy();
  });
  server.on('request', (_, response) => {
    response.once('finish', () => {
      const { socket } = response.req;
      if (open.delete(socket)) open.add(socket);
    });
  });
}
