// Names that the rendered configuration gives to its own sections. Pure.
import { IRI_FRONTEND } from '../../iri/api.js';

/** Where no API names it. */
export const FRONTEND = 'front';
export const STATS = 'stats';
/** Stick table: what each source did lately. */
export const SOURCES = 'iri_lb_sources';
/** Stick table: who is blocked. Its own table, so that counting never sends an old mark to a peer. */
export const BLOCKED = 'iri_lb_blocked';
export const PEERS = 'iri_lb_peers';
export const STATS_USERS = 'iri_lb_stats_users';
export const FRONTEND_USERS = 'iri_lb_users';

/** Names that a pool must not have. */
export const RESERVED: readonly string[] = [
  FRONTEND,
  IRI_FRONTEND,
  STATS,
  SOURCES,
  BLOCKED,
  PEERS,
  STATS_USERS,
  FRONTEND_USERS,
];
