// Settles what the settings leave open and refuses what does not fit together, before HAProxy sees it. Pure.
import type { Pool } from '../../config/pools.js';
import { type Api, iriApi } from '../../iri/api.js';
import { ConfigError, type SettingProblem } from '../../model/errors.js';
import { showName } from '../../model/text.js';
import type { RenderConfig } from '../config.js';
import type { FrontendSettings } from '../settings.js';
import { listenerProblems } from './listeners.js';
import { RESERVED } from './names.js';

/** The settings with their defaults, and which pool is what. */
export interface Layout {
  readonly settings: FrontendSettings;
  readonly pools: readonly Pool[];
  /** What the API of the pools asks for; undefined where they are not IRI's. */
  readonly api: Api | undefined;
  readonly defaultBackend: string;
}

/** Throws ConfigError with every name that stands for no pool, or that is taken. */
export function layoutOf({ pools, haproxy: settings }: RenderConfig): Layout {
  const api = settings.iri ? iriApi(settings.iri, pools) : undefined;
  const backends = pools.map(({ backend }) => backend);
  const ordinary = backends.find((name) => !api?.limitedBackends.includes(name));
  const defaultBackend = settings.frontend.defaultBackend ?? ordinary ?? backends[0] ?? '';
  const powBackend = api?.route?.backend;
  const problems: SettingProblem[] = [...listenerProblems(settings)];
  if (powBackend !== undefined && powBackend === defaultBackend) {
    const message = `${showName(powBackend)} would serve every request; name another pool in haproxy.frontend.defaultBackend, or set haproxy.iri to false`;
    problems.push({ path: 'LB_CONFIG.haproxy.iri.powBackend', message });
  }
  const known = (path: string, name: string | undefined) => {
    if (name !== undefined && !backends.includes(name)) {
      problems.push({ path, message: `${showName(name)} is no pool; use one of ${backends.join(', ')}` });
    }
  };
  known('LB_CONFIG.haproxy.frontend.defaultBackend', defaultBackend);
  known('LB_CONFIG.haproxy.iri.powBackend', powBackend);
  for (const [index, name] of backends.entries()) {
    if (RESERVED.includes(name)) {
      problems.push({
        path: `LB_CONFIG.pools.${index}.backend`,
        message: `${name} is a name of ours; use another`,
      });
    }
  }
  if (problems.length > 0) throw new ConfigError('configuration', problems);
  return { settings, pools, api, defaultBackend };
}
