// The page of `iri-lb run`: loaded when somebody opens it, so that a run that nobody looks at stays small.
import type { Daemon } from '../run/daemon/daemon.js';
import { systemClock } from '../run/system-clock.js';
import type { Access } from '../serve/access.js';
import type { Answer, Route } from '../serve/http.js';
import type { PageServer } from '../serve/page/page.js';
import type { Plot } from '../serve/page/plot.js';
import type { ShownRuns } from '../serve/page/shown.js';

export interface RunPage {
  /** Needs `access`, which is known once the token file was read. */
  routes(access: Access): Readonly<Record<string, Route>>;
  /** Undefined: nobody has opened it yet. */
  current(): PageServer | undefined;
  close(): void;
}

/** The page's paths, and how each is asked. */
const PATHS: Readonly<
  Record<string, { readonly method?: 'POST'; readonly open?: true; readonly refused?: true }>
> = {
  '/': { refused: true },
  '/app.js': {},
  '/app.css': { open: true },
  '/icon.svg': { open: true },
  '/events': {},
  '/why': {},
  '/sign-in': { method: 'POST', open: true },
  '/sign-out': { method: 'POST', open: true },
};

/** `plot` has what the runs took until somebody looks. */
export function makeRunPage(daemon: () => Daemon | undefined, plot: Plot): RunPage {
  let page: PageServer | undefined;
  let end = (): void => {};

  async function routesOf(access: Access): Promise<Readonly<Record<string, Route>>> {
    const [{ makePage }, { pageRoutes }, { builtPage }] = await Promise.all([
      import('../serve/page/page.js'),
      import('../serve/page/routes.js'),
      import('../serve/page/assets.js'),
    ]);
    const open = (): PageServer | undefined => {
      const running = daemon();
      if (!page && running) {
        page = makePage({
          runner: () => running.runner(),
          clock: systemClock,
          isWatched: () => running.isWatched(),
          plot,
          feed: {
            source: () => 'this iri-lb run',
            history: (sinceMs) => running.history(sinceMs),
            runs: () => runsOf(running),
          },
        });
        end = running.subscribe((event) => page?.happened(event, true));
      }
      return page;
    };
    return pageRoutes({ files: builtPage(), access, page: open });
  }

  return {
    routes(access) {
      let loading: ReturnType<typeof routesOf> | undefined;
      const answerOf =
        (path: string, which: 'answer' | 'refused'): Answer =>
        async (...asked) => {
          loading ??= routesOf(access);
          const route = (await loading)[path];
          const answer = typeof route === 'function' ? route : route?.[which];
          if (!answer) throw new Error(`nobody answers ${path}`);
          return answer(...asked);
        };
      return Object.fromEntries(
        Object.entries(PATHS).map(([path, { refused, ...how }]) => [
          path,
          {
            ...how,
            answer: answerOf(path, 'answer'),
            ...(refused ? { refused: answerOf(path, 'refused') } : {}),
          },
        ]),
      );
    },
    current: () => page,
    close() {
      end();
      page?.close();
    },
  };
}

function runsOf(daemon: Daemon): ShownRuns {
  const { lastSuccess, paused, failing } = daemon.health();
  return {
    by: 'iri-lb run, here',
    lastSuccessMs: lastSuccess === null ? null : Date.parse(lastSuccess),
    paused: paused && { sinceMs: Date.parse(paused.since), reason: paused.reason },
    failing: failing && { sinceMs: Date.parse(failing.since), errors: failing.errors },
  };
}
