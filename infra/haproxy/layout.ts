// Settles what the settings leave open and refuses what does not fit together, before HAProxy sees it. Pure.
import * as v from 'valibot';
import { type FrontendSettings, frontendSettings } from '../../lib/config/frontend.js';
import type { IriSettings } from '../../lib/config/frontend-rules.js';
import type { Config, Pool } from '../../lib/config/pools.js';
import { ConfigError, type Problem } from '../../lib/errors.js';
import { showName } from '../../lib/text.js';
import { RESERVED } from './names.js';

/** The settings with their defaults, and which pool is what. */
export interface Layout {
  readonly settings: FrontendSettings;
  readonly pools: readonly Pool[];
  readonly iri: IriSettings | undefined;
  readonly defaultBackend: string;
  readonly powBackend: string | undefined;
}

/** Throws ConfigError with every name that stands for no pool, or that is taken. */
export function layoutOf({ pools, haproxy }: Config): Layout {
  const settings = haproxy ?? v.parse(frontendSettings, {});
  const iri = settings.iri || undefined;
  const backends = pools.map(({ backend }) => backend);
  const defaultBackend = settings.frontend.defaultBackend ?? backends[0] ?? '';
  const powBackend = iri && (iri.powBackend ?? backends.find((name) => name === 'iri_pow_back'));
  const problems: Problem[] = [];
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
  return { settings, pools, iri, defaultBackend, powBackend };
}
