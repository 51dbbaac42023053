// Hears of Consul's changes while somebody has the page open, with a blocking query on each service.
import type { Settings } from '../../config/environment.js';
import { ssmParameters } from '../../config/ssm.js';
import { makeTokenSource, PARAMETER_VARIABLE } from '../../consul/token.js';
import { type Watch, watchService } from '../../consul/watch.js';
import { systemLookup } from '../../run/lookup.js';
import { systemClock } from '../../run/system-clock.js';

export interface Watches {
  open(): void;
  close(): void;
  /** Whether whatever changes is heard of now. */
  areWatched(): boolean;
}

/** `onChange` is told at first, too. */
export function makeWatches(settings: Settings, log: (line: string) => void, onChange: () => void): Watches {
  const { config, consul } = settings;
  const services = [...new Set(config.pools.map(({ service }) => service))];
  const heard = new Set<string>();
  let watches: Watch[] = [];
  const deps = {
    settings: consul,
    token: makeTokenSource(consul, {
      clock: systemClock,
      fetch: ssmParameters(PARAMETER_VARIABLE, systemLookup),
      log,
    }),
    answerMs: config.consulTimeoutMs,
    now: () => systemClock.monotonicMs(),
    random: Math.random,
    log,
    http: { lookup: systemLookup },
  };
  return {
    open() {
      if (watches.length > 0) return;
      watches = services.map((service) =>
        watchService(service, deps, () => {
          heard.add(service);
          onChange();
          return false;
        }),
      );
    },
    close() {
      for (const watch of watches) watch.close();
      watches = [];
      heard.clear();
    },
    areWatched: () =>
      watches.length > 0 && watches.every((watch) => watch.error() === undefined && heard.has(watch.service)),
  };
}
