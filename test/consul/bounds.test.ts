// Nothing that is answered ends the process: what is too large is a named failure, in the memory of a small function.
import { spawn } from 'node:child_process';
import http, { type ServerResponse } from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import { makeAnswerBudget } from '../../lib/model/memory.js';

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'iri-lb.mjs');
const servers: http.Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await closeServer(server);
});

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume();
    response.setHeader('x-consul-index', '7');
    response.setHeader('content-type', 'application/json');
    answer(response);
  });
  servers.push(server);
  return listenOnLoopback(server, 0);
}

/** Writes `chunk` as fast as it is taken: `times`, or until nobody reads any more. */
function pour(response: ServerResponse, chunk: string, times = Number.POSITIVE_INFINITY): void {
  let left = times;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

/** `iri-lb status` in the memory that a function of 512 MB has for its heap. */
function status(env: Readonly<Record<string, string>>): Promise<{ code: number | null; text: string }> {
  const args = ['--max-old-space-size=400', '--max-semi-space-size=16', BUNDLE, 'status'];
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, HAPROXY_ADDRESSES: 'unix:/nowhere/admin.sock', ...env },
  });
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  child.stderr.on('data', (data) => {
    text += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, text })));
}

const MEGABYTE = 'x'.repeat(2 ** 20);

test.each<[string, (response: ServerResponse) => void]>([
  ['200 MB', (response) => pour(response, MEGABYTE, 200)],
  ['an answer without end', (response) => pour(response, MEGABYTE)],
])('%s of Consul', async (_what, answer) => {
  const { code, text } = await status({ CONSUL_HTTP_ADDR: await serve(answer) });
  expect(text).toMatch(/consul: service iri: http:\S+ the answer is too large: over \d+ MB; /);
  expect(code).toBe(1);
});

test('a registration with a million tags', async () => {
  const tags = Array.from({ length: 1_000_000 }, (_, at) => `haproxy.x${at}=1`);
  const row = {
    Node: { Node: 'n', Address: '10.0.0.1' },
    Service: { ID: 'a', Service: 'iri', Address: '', Port: 80, Tags: tags },
    Checks: [],
  };
  const body = JSON.stringify([row]);
  const { code, text } = await status({ CONSUL_HTTP_ADDR: await serve((response) => response.end(body)) });
  // HAProxy is not there, which is said; that is how far it came.
  expect(text).toContain('unix:/nowhere/admin.sock: cannot connect');
  expect(text.length).toBeLessThan(200_000);
  expect(code).toBe(1);
});

test('an answer without end of the parameter store', async () => {
  const { code, text } = await status({
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_ENDPOINT_URL_SSM: await serve((response) => pour(response, MEGABYTE)),
    CONSUL_HTTP_ADDR: await serve((response) => response.end('[]')),
    CONSUL_HTTP_TOKEN_PARAMETER: '/iri-lb/token',
  });
  expect(text).toContain('parameter /iri-lb/token: cannot be read');
  expect(text).toContain('the answer is too large');
  expect(code).toBe(1);
});

test('answers under way have a bound together, and give back what they took', () => {
  const budget = makeAnswerBudget(80);
  const answers = [0, 1, 2, 3].map(() => budget.begin());
  for (const answer of answers) answer.hold(10);
  const fifth = budget.begin();
  expect(() => fifth.hold(1)).toThrow('the answers under way are too large');
  fifth.end();
  answers[0]?.end();
  const sixth = budget.begin();
  sixth.hold(10);
  expect(() => sixth.hold(11)).toThrow('the answer is too large');
});

test.each([
  ['200 MB', 200],
  ['an answer without end', Number.POSITIVE_INFINITY],
])('%s of HAProxy', async (_what, megabytes) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    let left = megabytes;
    socket.on('data', (data) => {
      if (!data.includes('show info'))
        return void socket.write('\n> '.repeat(data.toString().split('\n').length - 1));
      const more = (): void => {
        while (left > 0 && !socket.destroyed) {
          left -= 1;
          if (!socket.write(MEGABYTE)) return void socket.once('drain', more);
        }
      };
      more();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const { code, text } = await status({
    CONSUL_HTTP_ADDR: await serve((response) => response.end('[]')),
    HAPROXY_ADDRESSES: `tcp://127.0.0.1:${port}`,
  });
  server.close();
  expect(text).toMatch(/haproxy tcp:\S+: the answer is too large: over \d+ MB; is this HAProxy\?/);
  expect(code).toBe(1);
});
