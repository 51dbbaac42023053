// Renders the systemd unit of the forwarder, which runs beside the Consul agent. Pure.
import type { Config } from '../../config/pools.js';

export interface ForwarderUnitOptions {
  /** Where it listens for the agent's HTTP watch handler. */
  readonly listen?: string;
  /** Listens there although others than its own host reach it. */
  readonly allowRemote?: boolean;
  /** The first has the service of the events that name none; of services that no pool has none are taken. */
  readonly pools: Config['pools'];
  /** The built forwarder. */
  readonly program?: string;
  /** Holds WATCH_FUNCTION and AWS_REGION. */
  readonly environmentFile?: string;
}

/** The unit's text. It needs no file of its own, no capability and no secret: the role signs. */
export function renderForwarderUnit(options: ForwarderUnitOptions): string {
  const {
    listen = '127.0.0.1:8401',
    allowRemote = false,
    pools,
    program = '/opt/iri-lb/dist/forwarder.mjs',
    environmentFile = '/etc/iri-lb/forwarder.env',
  } = options;
  const remote = `# Only for the host of ${listen}. Whoever reaches it can wake the function: let the load balancers in.\n`;
  return `${allowRemote ? remote : ''}[Unit]
Description=Wakes the iri-lb watch function when Consul's catalog changes
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Environment=${quoted(`LB_CONFIG=${JSON.stringify({ pools: servicesOf(pools) })}`)}
ExecStart=/usr/bin/node --max-old-space-size=128 ${program} --listen ${listen} --service ${pools[0]?.service ?? ''}${allowRemote ? ' --allow-remote' : ''}
EnvironmentFile=${environmentFile}
Restart=always
RestartSec=1
DynamicUser=yes
UMask=0077
MemoryMax=256M
TasksMax=64
LimitCORE=0

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute: V8 compiles.

[Install]
WantedBy=multi-user.target
`;
}

/** Of each service one pool, with no more than makes it one: the forwarder reads nothing else. */
function servicesOf(pools: Config['pools']): object[] {
  const services = [...new Map(pools.map((pool) => [pool.service, pool])).values()];
  return services.map(({ backend, service, ranges }) => ({
    backend,
    service,
    ranges: ranges.slice(0, 1).map(({ prefix }) => ({ prefix })),
  }));
}

/** A word in single quotes (systemd.syntax(7), "Quoting"), in which `%` is no specifier. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('%', '%%')}'`;
}
