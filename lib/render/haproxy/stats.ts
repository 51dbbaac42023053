// The statistics page and the Prometheus endpoint, on an address of their own. Pure.
import { section } from '../section.js';
import type { FrontendSettings } from '../settings.js';
import { STATS, STATS_USERS } from './names.js';

export function statsSections({ stats }: FrontendSettings): string[] {
  if (!stats) return [];
  const { auth, bind, metricsPath, refreshSeconds } = stats;
  return [
    section(`listen ${STATS}`, [
      `bind ${bind}`,
      'option dontlog-normal',
      auth && `http-request auth realm ${auth.realm} if !{ http_auth(${STATS_USERS}) }`,
      metricsPath !== null && `http-request use-service prometheus-exporter if { path ${metricsPath} }`,
      'stats enable',
      'stats uri /',
      `stats refresh ${refreshSeconds}s`,
      'stats hide-version',
    ]),
  ];
}
