// What is asked of the `iri-lb run` of this host: only a run's own answer counts, and nobody waits for it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bearerHeaders } from '../../lib/config/bearer-token.js';
import type { RunHealth } from '../../lib/model/run-health.js';
import { parseLocalRun, readLocalRun } from '../../lib/run/local-run.js';

const HEALTH: RunHealth = {
  version: 1,
  program: 'iri-lb run',
  ok: false,
  build: { version: '1.2.3', commit: 'abc' },
  fingerprint: 'f00d',
  pid: 7,
  startedAt: '2026-01-01T00:00:00.000Z',
  runs: 3,
  resyncMs: 60_000,
  lastRun: null,
  lastSuccess: '2026-01-01T00:00:01.000Z',
  paused: { cause: 'file', since: '2026-01-01T00:00:02.000Z', reason: 'moving house\u001b[31m' },
  failing: { since: '2026-01-01T00:00:03.000Z', errors: ['consul: away'] },
  rejected: { at: '2026-01-01T00:00:04.000Z', problems: ['LB_CONFIG.pools: none'] },
  contested: [],
  watches: [],
  loadBalancers: [],
  warnings: [],
};

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function answering(answer: http.RequestListener): Promise<string> {
  const server = http.createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('readLocalRun', () => {
  it('gives what a run says, whatever the status, with nothing in it that cannot be shown', async () => {
    const asked: (string | undefined)[] = [];
    const IRI_LB_RUN = await answering((request, response) => {
      asked.push(request.url);
      response.writeHead(503).end(JSON.stringify(HEALTH));
    });
    expect(await readLocalRun({ IRI_LB_RUN })).toEqual({
      url: `http://${IRI_LB_RUN}`,
      version: '1.2.3',
      commit: 'abc',
      fingerprint: 'f00d',
      pid: 7,
      lastSuccessMs: Date.UTC(2026, 0, 1, 0, 0, 1),
      paused: {
        cause: 'file',
        sinceMs: Date.UTC(2026, 0, 1, 0, 0, 2),
        reason: 'moving house\\u001b[31m',
      },
      failing: { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 3), errors: ['consul: away'] },
      rejected: { atMs: Date.UTC(2026, 0, 1, 0, 0, 4), problems: ['LB_CONFIG.pools: none'] },
      contested: [],
    });
    expect(asked).toEqual(['/health']);
  });

  it.each([
    ['another program', (response: http.ServerResponse) => response.end('{"status":"ok"}')],
    ['no JSON', (response: http.ServerResponse) => response.end('hello')],
    ['nothing to the end', (response: http.ServerResponse) => response.destroy()],
  ])('knows of no run where there is %s', async (_what, answer) => {
    expect(await readLocalRun({ IRI_LB_RUN: await answering((_, response) => void answer(response)) })).toBe(
      undefined,
    );
  });

  it('gives up on who does not answer', async () => {
    const IRI_LB_RUN = await answering(() => undefined);
    expect(await readLocalRun({ IRI_LB_RUN }, { timeoutMs: 20 })).toBe(undefined);
  });

  it('sends the token of IRI_LB_TOKEN_FILE to this machine, and in plain text to nobody else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'iri-lb-token-'));
    const IRI_LB_TOKEN_FILE = join(folder, 'token');
    writeFileSync(IRI_LB_TOKEN_FILE, `${'t'.repeat(32)}\n`);
    const IRI_LB_RUN = await answering((request, response) => {
      const isLetIn = request.headers.authorization === `Bearer ${'t'.repeat(32)}`;
      response.writeHead(isLetIn ? 200 : 401).end(isLetIn ? JSON.stringify(HEALTH) : '{}');
    });
    expect(await readLocalRun({ IRI_LB_RUN })).toBe(undefined);
    expect(await readLocalRun({ IRI_LB_RUN, IRI_LB_TOKEN_FILE })).toMatchObject({ pid: 7 });
    const headersTo = (url: string) => bearerHeaders(new URL(url), { IRI_LB_TOKEN_FILE });
    expect(headersTo('http://10.0.0.5:8402/')).toEqual({});
    expect(headersTo('https://10.0.0.5:8402/')).toEqual({ authorization: `Bearer ${'t'.repeat(32)}` });
    expect(bearerHeaders(new URL('http://[::1]/'), { IRI_LB_TOKEN_FILE: join(folder, 'none') })).toEqual({});
    rmSync(folder, { recursive: true });
  });

  it.each(['off', '127.0.0.1:1', 'no address at all'])('knows of no run by %j', async (IRI_LB_RUN) => {
    expect(await readLocalRun({ IRI_LB_RUN })).toBe(undefined);
  });
});

it('takes whatever fields a later version has, and lacks', () => {
  expect(parseLocalRun('http://x', { version: 1, program: 'iri-lb run', contested: 7 })).toEqual({
    url: 'http://x',
    version: '',
    commit: '',
    fingerprint: '',
    pid: 0,
    contested: [],
  });
});
