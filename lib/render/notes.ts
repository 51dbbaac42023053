// What the reader of a rendered file should know before using it, one line each. Pure.
import type { Pool } from '../config/pools.js';
import { isLoopback } from '../model/loopback.js';
import type { RenderConfig } from './config.js';
import type { FrontendSettings } from './settings.js';

/** Notes on haproxy.cfg. */
export function haproxyNotes({ pools, haproxy }: RenderConfig): string[] {
  return [
    ...stateNotes(haproxy),
    ...certificateNotes(pools, haproxy),
    ...passwordNotes(haproxy),
    ...adminNotes(haproxy),
    ...readNotes(haproxy),
  ];
}

/** Notes on the hosts' units. */
export function systemdNotes(settings: FrontendSettings): string[] {
  return [...stateNotes(settings), ...groupNotes(settings)];
}

function stateNotes({ stateFile }: FrontendSettings): string[] {
  if (stateFile !== undefined) return [];
  return ['haproxy.stateFile is not set: a reload empties every slot until the next run'];
}

function certificateNotes(pools: readonly Pool[], { servers }: FrontendSettings): string[] {
  const verified = pools.some(({ ranges }) => ranges.some(({ transport }) => transport === 'verified'));
  if (!verified || servers.caFile !== '@system-ca' || servers.verifyName !== undefined) return [];
  return [
    'verified servers may have a certificate of any public authority, for any name: set haproxy.servers.caFile to your own authority, or haproxy.servers.verifyName',
  ];
}

function passwordNotes({ frontend }: FrontendSettings): string[] {
  if (!frontend.auth || frontend.tls) return [];
  return [
    'passwords cross the network in plain text: haproxy.frontend.auth is set, and no haproxy.frontend.tls',
  ];
}

function readNotes({ admin: { read } }: FrontendSettings): string[] {
  if (read === null || read.startsWith('/') || isLoopback(read.slice(0, read.lastIndexOf(':')))) return [];
  return [`whoever reaches ${read} sees all that this HAProxy serves: give haproxy.admin.read a path`];
}

function adminNotes({ admin: { bind } }: FrontendSettings): string[] {
  if (bind.startsWith('/')) return [];
  if (isLoopback(bind.slice(0, bind.lastIndexOf(':'))))
    return [
      `whoever may register an instance at ${bind} could speak to the admin socket through HAProxy: give haproxy.admin.bind a path, or name ${bind} in listeners of every LB_CONFIG`,
    ];
  return [
    `whoever reaches ${bind} controls this HAProxy: give haproxy.admin.bind a path, and use haproxy.gateway`,
  ];
}

function groupNotes({ gateway, admin, process }: FrontendSettings): string[] {
  if (!gateway || !admin.bind.startsWith('/') || process.group !== null) return [];
  return [
    `haproxy.process.group is null: the gateway gets in at ${admin.bind} only if its unit's user may write there`,
  ];
}
