// Renders HAProxy's configuration from the same settings that the functions use. Pure.
import type { RenderConfig } from '../config.js';
import { section } from '../section.js';
import { backendSection } from './backends.js';
import { frontendSection } from './frontend.js';
import { layoutOf } from './layout.js';
import { limitTables } from './limits.js';
import { peerSections } from './peers.js';
import { defaultsSection, globalSection, userSections } from './process.js';
import { fleetSocketLines } from './sockets.js';
import { statsSections } from './stats.js';

const HEAD = '# Rendered by iri-lb from LB_CONFIG; change the settings, not this file.\n';

/** Parts for a haproxy.cfg of somebody's own. */
export const PARTS = ['backend', 'socket'] as const;
export type Part = (typeof PARTS)[number];

/**
 * Only the backends of the pools, or only a `global` section with the sockets of runs and of who looks. HAProxy
 * takes several `global` sections; a backend of the same name has to give way. Throws what renderHAProxy throws.
 */
export function renderPart(config: RenderConfig, part: Part): string {
  const layout = layoutOf(config);
  const { settings, pools } = layout;
  const sections =
    part === 'socket'
      ? [section('global', fleetSocketLines(settings))]
      : pools.map((pool) => backendSection(pool, layout));
  return [HEAD, ...sections].join('\n');
}

/**
 * The configuration for HAProxy 2.6 to 3.4, built with PCRE2. Equal settings give equal text, so that it can
 * be compared with a running one. Throws ConfigError where settings do not fit together.
 */
export function renderHAProxy(config: RenderConfig): string {
  const layout = layoutOf(config);
  const { settings, pools } = layout;
  return [
    HEAD,
    globalSection(layout),
    defaultsSection(settings),
    ...userSections(settings),
    ...peerSections(settings),
    ...(settings.limits ? limitTables(settings.limits, settings.peers !== undefined) : []),
    frontendSection(layout),
    ...pools.map((pool) => backendSection(pool, layout)),
    ...statsSections(settings),
  ].join('\n');
}
