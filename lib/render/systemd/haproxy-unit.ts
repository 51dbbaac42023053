// Renders the drop-in for Debian's haproxy.service. Pure.
import { SANDBOX } from './sandbox.js';

export interface DropInOptions {
  readonly haproxy: string;
  /** The rendered state program. */
  readonly stateProgram: string;
}

/**
 * Runs after the distribution's own unit, whose `$CONFIG`, `$EXTRAOPTS` and master-worker mode it relies on.
 * Its own `ExecReload` is replaced: the state is saved between the check of the configuration and the signal.
 */
export function renderHAProxyDropIn({ haproxy, stateProgram }: DropInOptions): string {
  return [
    '# Rendered by iri-lb from LB_CONFIG; for haproxy.service.',
    '[Service]',
    `ExecStartPre=${stateProgram} prepare`,
    `ExecStartPost=-${stateProgram} started`,
    'ExecReload=',
    `ExecReload=${haproxy} -Ws -f $CONFIG -c -q $EXTRAOPTS`,
    `ExecReload=${stateProgram} reload $MAINPID`,
    `ExecStop=-${stateProgram} save`,
    '',
    ...SANDBOX,
    // Low ports, its own user, its limits and its sockets; no more.
    `CapabilityBoundingSet=${HAPROXY_CAPABILITIES.join(' ')}`,
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    '',
  ].join('\n');
}

/** What HAProxy uses while it is root; the worker gives all of it up. */
export const HAPROXY_CAPABILITIES: readonly string[] = [
  'CAP_NET_BIND_SERVICE',
  'CAP_SETUID',
  'CAP_SETGID',
  'CAP_SYS_RESOURCE',
  'CAP_CHOWN',
  'CAP_FOWNER',
  'CAP_DAC_OVERRIDE',
  'CAP_KILL',
];
