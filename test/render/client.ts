// Requests to the frontend: through node:http, or byte by byte where node would refuse to send them.
import { type IncomingHttpHeaders, request } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The node that answered, or undefined where HAProxy did. */
  readonly node: string | undefined;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Off: X-IOTA-API-Version is left out. */
  readonly version?: boolean;
  /** CA certificate; makes it HTTPS. */
  readonly ca?: string;
  readonly from?: string;
}

/** One request on a connection of its own. Rejects when the connection is refused or reset. */
export function ask(port: number, { body, ca, from, headers, method, path, version }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = (ca === undefined ? request : tlsRequest)(
      {
        host: '127.0.0.1',
        port,
        agent: false,
        method: method ?? 'POST',
        path: path ?? '/',
        ...(ca === undefined ? {} : { ca, servername: 'localhost' }),
        ...(from === undefined ? {} : { localAddress: from }),
        headers: {
          host: 'iri.example',
          ...(version === false ? {} : { 'X-IOTA-API-Version': '1' }),
          ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve(
            answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString('latin1')),
          ),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * Sends `bytes` as they are, parts with a pause between them; resolves with all that came back when HAProxy
 * closes or has answered once.
 */
export function raw(
  port: number,
  bytes: string | Buffer | readonly (string | Buffer)[],
  pauseMs = 0,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', async () => {
      for (const part of Array.isArray(bytes) ? bytes : [bytes]) {
        socket.write(part, 'latin1');
        if (pauseMs > 0) await new Promise((resume) => setTimeout(resume, pauseMs));
        if (socket.destroyed) return;
      }
    });
    const finish = (): void => {
      const head = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n([\s\S]*?)\r\n\r\n/.exec(text);
      if (!head) return;
      resolve(answerOf(Number(head[1]), {}, text.slice(head[0].length)));
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const head = /^HTTP\/1\.1 \d{3}[\s\S]*?content-length: (\d+)[\s\S]*?\r\n\r\n/i.exec(text);
      if (head && text.length >= head[0].length + Number(head[1])) socket.destroy();
    });
    socket.on('error', (error) => {
      if (text === '') reject(error);
    });
    socket.on('close', () => {
      finish();
      reject(new Error(`closed after ${JSON.stringify(text.slice(0, 100))}`));
    });
  });
}

function answerOf(status: number, headers: IncomingHttpHeaders, body: string): Answer {
  const node = status === 200 ? /"node":"([^"]+)"/.exec(body)?.[1] : undefined;
  return { status, headers, body, node };
}
