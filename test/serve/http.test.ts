// The HTTP server of this host: who is answered, and what is said where it cannot listen.
import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { json, type Listening, listenHttp } from '../../lib/serve/http.js';

const open: Listening[] = [];
afterEach(() => {
  for (const listening of open.splice(0)) listening.close();
});

async function listen(port = 0): Promise<Listening> {
  const listening = await listenHttp({
    host: '127.0.0.1',
    port,
    routes: {
      '/live': () => json(200, { live: true }),
      '/echo': ({ searchParams }) => json(200, { since: searchParams.get('since') }),
      '/broken': () => {
        throw new Error('a secret');
      },
    },
  });
  open.push(listening);
  return listening;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** By node:http, since fetch lets nobody choose Host. */
function ask(url: string, { method = 'GET', headers = {} }: Asked = {}) {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.once('end', () => resolve({ status: response.statusCode, body }));
    });
    request.once('error', reject).end();
  });
}

describe('the server', () => {
  it('answers by path, with the query', async () => {
    const { url } = await listen();
    expect(await ask(`${url}/live`)).toEqual({ status: 200, body: '{\n  "live": true\n}\n' });
    expect(JSON.parse((await ask(`${url}/echo?since=7`)).body)).toEqual({ since: '7' });
    expect(await ask(`${url}/live`, { method: 'HEAD' })).toEqual({ status: 200, body: '' });
  });

  it.each([
    ['/nowhere', {}, 404],
    ['/constructor', {}, 404],
    ['/live', { method: 'POST' }, 405],
    ['/live', { headers: { origin: 'https://elsewhere.example' } }, 403],
    ['/live', { headers: { host: 'elsewhere.example' } }, 403],
    ['/live', { headers: { host: 'localhost:8402' } }, 200],
  ] as const)('answers %s with %j by %d', async (path, asked, status) => {
    const { url } = await listen();
    expect((await ask(`${url}${path}`, asked)).status).toBe(status);
  });

  it('says nothing of what broke', async () => {
    const { url } = await listen();
    const { status, body } = await ask(`${url}/broken`);
    expect(status).toBe(500);
    expect(body).not.toContain('secret');
  });

  it('says what to do where the port is taken', async () => {
    const { url } = await listen();
    const { port } = new URL(url);
    await expect(listen(Number(port))).rejects.toThrow(
      `--listen 127.0.0.1:${port}: the port is taken, by another iri-lb run? Stop that one, or name another port, or off`,
    );
  });
});
