// Renders the systemd unit of `iri-lb run`, in place of functions: on each load balancer, or beside the fleet. Pure.
import { STRICT_SANDBOX } from './sandbox.js';

export interface RunUnitOptions {
  /** The built command line, with its chunks beside it. */
  readonly program: string;
  /** Holds CONSUL_HTTP_ADDR, LB_CONFIG and the like; read by systemd as root, so a token may be in it. */
  readonly environmentFile: string;
  /** Group that may open HAProxy's admin socket. */
  readonly group: string | null;
}

/** Where `iri-lb changes` looks for it. */
const HISTORY_FILE = '/var/lib/iri-lb/history.jsonl';

/** Longer than any run takes with the defaults, in seconds: it finishes the one that it is in. */
const STOP_SECONDS = 60;

/**
 * The unit's text. Systemd is told by a child (`systemd-notify`), hence NotifyAccess. A reload checks what would be
 * read first, so that one that cannot work is an error of `systemctl reload`.
 */
export function renderRunUnit({ program, environmentFile, group }: RunUnitOptions): string {
  const command = `/usr/bin/node --max-old-space-size=256 --max-semi-space-size=2 ${program} run --history ${HISTORY_FILE}`;
  return [
    '[Unit]',
    'Description=Keeps HAProxy what Consul says',
    'After=network-online.target haproxy.service consul.service',
    'Wants=network-online.target',
    // What it lacks may come late.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=notify',
    'NotifyAccess=all',
    `EnvironmentFile=-${environmentFile}`,
    `ExecStart=${command}`,
    `ExecReload=${command} --check`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'WatchdogSec=60',
    'Restart=always',
    'RestartSec=1',
    `TimeoutStopSec=${STOP_SECONDS}`,
    'DynamicUser=yes',
    ...(group === null ? [] : [`SupplementaryGroups=${group}`]),
    '# The brake: echo REASON >/run/iri-lb/paused',
    'RuntimeDirectory=iri-lb',
    'RuntimeDirectoryPreserve=yes',
    // Of the history.
    'StateDirectory=iri-lb',
    'MemoryMax=512M',
    'TasksMax=64',
    '',
    // Node asks for its limits and priorities at the start, which those without resources may not.
    ...STRICT_SANDBOX.filter((line) => line !== 'SystemCallFilter=~@privileged @resources'),
    // What names resolve by.
    'RestrictAddressFamilies=AF_NETLINK',
    '# Not MemoryDenyWriteExecute: V8 compiles.',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}
