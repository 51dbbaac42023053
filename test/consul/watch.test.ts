// Blocking queries on one service, against a Consul that does whatever it may: it goes, limits, counts anew, never blocks.
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import type { ConsulSettings } from '../../lib/config/consul-environment.js';
import type { TokenSource } from '../../lib/consul/token.js';
import type { ComingRows } from '../../lib/consul/told-rows.js';
import { type Watch, watchService } from '../../lib/consul/watch.js';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

type Answer = (query: URLSearchParams, response: ServerResponse, request: IncomingMessage) => void;

/** Answers the nth query by the nth of these, and all others by never; one for the index alone by that of `newest`. */
async function consul(...answers: readonly Answer[]) {
  const asked: URLSearchParams[] = [];
  /** Of each query its client's port, by which one connection is known from another; and what it wants of that. */
  const connections: { readonly port: number | undefined; readonly wants: string | undefined }[] = [];
  const left = [...answers];
  const server = http.createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://x');
    connections.push({ port: request.socket.remotePort, wants: request.headers.connection });
    if (searchParams.has('tag')) return at(NEWEST)(searchParams, response, request);
    asked.push(searchParams);
    left.shift()?.(searchParams, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { asked, connections, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const NEWEST = 40;

const at =
  (index: number, status = 200): Answer =>
  (_query, response) =>
    void response.writeHead(status, { 'X-Consul-Index': String(index) }).end(status === 200 ? '[]' : 'no');

const saying =
  (index: number, body: string): Answer =>
  (_query, response) =>
    void response.writeHead(200, { 'X-Consul-Index': String(index) }).end(body);

interface WatchOptions {
  readonly token?: TokenSource;
  readonly waitMs?: number;
  /** Whether whoever is told wants the rows; by default. */
  readonly wants?: boolean;
  /** Called the moment that rows have come. */
  readonly onRows?: () => void;
}

const TOKEN: TokenSource = { name: 'none', get: async () => undefined, refresh: async () => undefined };

function watch(
  addresses: readonly string[],
  { token = TOKEN, waitMs = 50_000, wants = true, onRows = () => {} }: WatchOptions = {},
) {
  const told: string[] = [];
  const logged: string[] = [];
  const settings: ConsulSettings = { addresses, tls: {} };
  const deps = {
    settings,
    token,
    answerMs: 5_000,
    now: () => performance.now(),
    random: () => 0,
    log: (line: string) => void logged.push(line),
    waitMs,
    asksForRows: true,
  };
  const rowsOf: (ComingRows | undefined)[] = [];
  const made: Watch = watchService('web', deps, (version, rows) => {
    told.push(version);
    rowsOf.push(rows);
    void rows?.then(onRows);
    return wants;
  });
  ends.push(() => made.close());
  const until = (what: string, condition: () => boolean) => waitFor(condition, { what });
  return { told, rowsOf, logged, watch: made, until };
}

describe('a watch', () => {
  it('tells the index at first and each that is another one, and waits beyond it', async () => {
    const { address, asked } = await consul(at(5), at(7), at(7));
    const { told, until } = watch([address]);
    await until('four queries', () => asked.length === 4);
    expect(told).toEqual(['5', '7']);
    expect(asked.map((query) => query.get('index'))).toEqual([null, '5', '7', '7']);
    expect(asked[1]?.get('wait')).toBe('50000ms');
    expect(asked.map((query) => query.get('filter') !== null)).toEqual([true, false, false, false]);
  });

  it('hands on the rows of an answer to who is told of it', async () => {
    const rows = [{ Node: {}, Service: {} }];
    const { address } = await consul(at(5), saying(7, JSON.stringify(rows)));
    const { told, rowsOf, until } = watch([address]);
    await until('two answers', () => told.length === 2);
    expect(rowsOf[0]).toBeUndefined();
    const sent = await rowsOf[1];
    expect(sent?.decode()).toMatchObject({ index: '7', rows });
    expect(await sent?.newest).toBe(String(NEWEST));
  });

  it('asks for the index behind rows over their connection, and keeps none', async () => {
    const { address, asked, connections } = await consul(at(5), at(7), at(7), at(7));
    const { until } = watch([address]);
    await until('five queries', () => asked.length === 5);
    expect(connections.map(({ wants }) => wants)).toEqual([
      'close',
      'keep-alive',
      'close',
      'keep-alive',
      'keep-alive',
      'keep-alive',
    ]);
    const [first, rows, index, unchanged, next, last] = connections.map(({ port }) => port);
    expect(index).toBe(rows);
    expect(new Set([first, rows, unchanged, next, last]).size).toBe(5);
  });

  it('asks for no index behind rows that nobody wants', async () => {
    const { address, asked, connections } = await consul(at(5), at(7), at(8));
    const { rowsOf, until } = watch([address], { wants: false });
    await until('four queries', () => asked.length === 4);
    expect(await rowsOf[1]).toBeUndefined();
    expect(connections).toHaveLength(4);
    expect(new Set(connections.map(({ port }) => port)).size).toBe(4);
  });

  it('asks for no index once it is closed', async () => {
    const { address, connections } = await consul(at(5), saying(7, '[]'));
    const { rowsOf, watch: made, until } = watch([address], { onRows: () => made.close() });
    await until('two answers', () => rowsOf.length === 2);
    const sent = await rowsOf[1];
    await expect(sent?.newest).rejects.toThrow('closed');
    expect(connections).toHaveLength(2);
  });

  it('hands on that no rows came where the answer breaks off, and asks without them then', async () => {
    const cut: Answer = (_query, response) => {
      response.writeHead(200, { 'X-Consul-Index': '7' }).write('[');
      setTimeout(() => response.destroy(), 20);
    };
    const { address, asked } = await consul(at(5), cut, at(7), at(8), at(8));
    const { told, rowsOf, until } = watch([address]);
    await until('five queries', () => asked.length === 5);
    expect(told).toEqual(['5', '7', '7', '8']);
    expect(await rowsOf[1]).toBeUndefined();
    expect(asked.map((query) => query.get('filter') !== null)).toEqual([true, false, true, true, true]);
  });

  it('asks for no rows any more once they are many', async () => {
    const many = JSON.stringify(Array.from({ length: 3_000 }, () => ({ Text: 'x'.repeat(100) })));
    const { address, asked } = await consul(at(5), saying(6, many), at(7), at(7));
    const { told, until } = watch([address]);
    await until('four queries', () => asked.length === 4);
    expect(told).toEqual(['5', '6', '7']);
    expect(asked.map((query) => query.get('filter') !== null)).toEqual([true, false, true, true]);
  });

  it('asks without an index once that went backwards, and never blocks on 0', async () => {
    const { address, asked } = await consul(at(90), at(3), at(3), at(0), at(0));
    const { told, until } = watch([address]);
    await until('six queries', () => asked.length === 6);
    expect(asked.map((query) => query.get('index'))).toEqual([null, '90', null, '3', null, '1']);
    expect(told).toEqual(['90', '3', '0']);
  });

  it.each([
    ['429', at(1, 429), /429/],
    ['no leader', at(1, 500), /500/],
    ['a cut', ((_q, response) => response.destroy()) as Answer, /hang up|ECONNRESET/],
    ['a leaderless server', leaderless, /knows no leader/],
    ['nonsense', ((_q, response) => response.end('hello')) as Answer, /not JSON/],
  ])(
    'goes on after %s, says so once, and tells the index again: something may have been missed',
    async (_what, failing, why) => {
      const { address } = await consul(at(5), failing, failing, at(5));
      const { told, logged, watch: made, until } = watch([address]);
      await until('the index twice', () => told.length === 2);
      expect(told).toEqual(['5', '5']);
      expect(logged).toEqual([
        expect.stringMatching(/^consul: service web cannot be watched: .*; it is asked on$/),
        'consul: service web is watched again',
      ]);
      expect(logged[0]).toMatch(why);
      expect(made.error()).toBeUndefined();
    },
  );

  it('asks the next address where one does not answer', async () => {
    const { address, asked } = await consul(at(5), at(6));
    const { told, until } = watch(['http://127.0.0.1:1', address]);
    await until('two queries', () => asked.length >= 2 && told.length === 2);
    expect(told).toEqual(['5', '6']);
  });

  it('takes another token where Consul refuses the one it had', async () => {
    const tokens: unknown[] = [];
    const note =
      (answer: Answer): Answer =>
      (query, response, request) => {
        tokens.push(request.headers['x-consul-token']);
        answer(query, response, request);
      };
    const { address } = await consul(note(at(1, 403)), note(at(5)));
    const token: TokenSource = { name: 'file', get: async () => 'old', refresh: async () => 'new' };
    const { told, logged, until } = watch([address], { token });
    await until('the index', () => told.length === 1);
    expect(tokens).toEqual(['old', 'new']);
    expect(logged).toEqual([]);
  });

  it('leaves who does not block more and more time', async () => {
    const { address, asked } = await consul(...Array.from({ length: 50 }, () => at(5)));
    const began = performance.now();
    const { told, until } = watch([address]);
    await until('six queries', () => asked.length === 6);
    // 50, 100, 200 and 400 ms, with the smallest chance: what is waited for cannot be sooner.
    expect(performance.now() - began).toBeGreaterThan(700);
    expect(told).toEqual(['5']);
  });

  it('asks anew when the machine woke up, and no more when it is closed', async () => {
    const { address, asked } = await consul(at(5));
    const { told, logged, watch: made, until } = watch([address]);
    await until('the query that blocks', () => asked.length === 2);
    made.restart();
    await until('another one', () => asked.length === 3);
    expect(asked[2]?.get('index')).toBeNull();
    made.close();
    expect({ told, logged }).toEqual({ told: ['5'], logged: [] });
  });
});

function leaderless(_query: URLSearchParams, response: ServerResponse): void {
  response.writeHead(200, { 'X-Consul-Index': '9', 'X-Consul-KnownLeader': 'false' }).end('[]');
}
