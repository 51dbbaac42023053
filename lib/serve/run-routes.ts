// What `iri-lb run` answers: whether it lives, how it is, its metrics and its history.
import type { Daemon } from '../run/daemon/daemon.js';
import { json, type Reply } from './http.js';

type RunAnswer = (url: URL, request?: unknown) => Reply;
type Served = Pick<Daemon, 'isAlive' | 'health' | 'metrics' | 'history'>;

const STARTING: Reply = json(503, { error: 'starting' });

/** `daemon` gives undefined until there is one. */
export function runRoutes(daemon: () => Served | undefined): Readonly<Record<string, RunAnswer>> {
  const of =
    (reply: (served: Served, url: URL) => Reply): RunAnswer =>
    (url) => {
      const served = daemon();
      return served ? reply(served, url) : STARTING;
    };
  return {
    '/live': of((served) => (served.isAlive() ? json(200, { live: true }) : json(503, { live: false }))),
    '/health': of((served) => {
      const health = served.health();
      return json(health.ok ? 200 : 503, health);
    }),
    '/metrics': of((served) => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: served.metrics(),
    })),
    '/history': of((served, { searchParams }) => {
      const since = searchParams.get('since') ?? '0';
      if (!/^\d{1,15}$/.test(since)) return json(400, { error: 'since: use milliseconds since 1970' });
      return json(200, served.history(Number(since)));
    }),
  };
}
