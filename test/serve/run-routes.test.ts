// What `iri-lb run` answers at each path, and by which status.
import { describe, expect, it } from 'vitest';
import type { RunHealth } from '../../lib/model/run-health.js';
import type { Reply } from '../../lib/serve/http.js';
import { runRoutes } from '../../lib/serve/run-routes.js';

const asked: number[] = [];
const daemon = (ok: boolean, alive = true) => ({
  isAlive: () => alive,
  health: () => ({ ok, program: 'iri-lb run' }) as RunHealth,
  metrics: () => 'iri_lb_runs_total 1\n',
  history: (sinceMs: number) => {
    asked.push(sinceMs);
    return { cover: { gaps: [] }, events: [] };
  },
});

/** None of these looks at the request. */
async function get(routes: ReturnType<typeof runRoutes>, path: string): Promise<Reply> {
  const url = new URL(path, 'http://localhost');
  const route = routes[url.pathname];
  if (!route) throw new Error(`no route ${path}`);
  return route(url, undefined as never);
}

describe('iri-lb run answers', () => {
  it('that it is well, alive and what it counts', async () => {
    const routes = runRoutes(() => daemon(true));
    expect((await get(routes, '/live')).status).toBe(200);
    expect(await get(routes, '/health')).toMatchObject({ status: 200, type: 'application/json' });
    expect(await get(routes, '/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'iri_lb_runs_total 1\n',
    });
  });

  it('503 where it is not well, and still that it lives', async () => {
    const routes = runRoutes(() => daemon(false));
    expect((await get(routes, '/health')).status).toBe(503);
    expect((await get(routes, '/live')).status).toBe(200);
    expect(
      (
        await get(
          runRoutes(() => daemon(true, false)),
          '/live',
        )
      ).status,
    ).toBe(503);
  });

  it('503 before there is anything to say', async () => {
    const routes = runRoutes(() => undefined);
    for (const path of Object.keys(routes)) expect((await get(routes, path)).status).toBe(503);
  });

  it('its history since a moment, or why not', async () => {
    const routes = runRoutes(() => daemon(true));
    expect((await get(routes, '/history?since=1700000000000')).status).toBe(200);
    expect((await get(routes, '/history')).status).toBe(200);
    expect(asked).toEqual([1_700_000_000_000, 0]);
    for (const since of ['yesterday', '-1', '1e9', '9'.repeat(16)])
      expect((await get(routes, `/history?since=${since}`)).status).toBe(400);
  });
});
