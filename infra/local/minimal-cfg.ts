// A plain HAProxy configuration from backends and ranges, for tests of arbitrary pools. Pure.
import type { Transport } from '../../lib/config/pools.js';

export interface MinimalBackend {
  readonly name: string;
  readonly ranges: readonly {
    readonly prefix: string;
    readonly transport?: Transport;
    readonly slots: number;
  }[];
  /** `roundrobin` by default. */
  readonly balance?: string;
  /** `consistent` makes `balance source` take weights. */
  readonly hashType?: string;
  /** Port on 127.0.0.1 of an HTTP frontend for this backend. */
  readonly port?: number;
  /** Further lines of the backend. */
  readonly lines?: readonly string[];
}

export interface MinimalOptions {
  readonly backends: readonly MinimalBackend[];
  readonly adminPort: number;
  /** Clients of the admin socket; 1 (exclusive, as it is rendered) by default, `none` leaves HAProxy's own 10. */
  readonly adminMaxconn?: number | 'none';
  readonly adminLevel?: 'admin' | 'operator' | 'user';
  /** Authorities for the verified ranges; the system's by default. */
  readonly caFile?: string;
  /** Where the state is saved (`show servers state`), loaded at start. */
  readonly stateFile?: string;
  /** Further lines of `global`. */
  readonly global?: readonly string[];
}

/** Renders it. Servers start without an address in maintenance, and take one from runtime or state file. */
export function minimalConfig(options: MinimalOptions): string {
  const { adminPort, adminMaxconn = 1, adminLevel = 'admin', stateFile } = options;
  const maxconn =
    adminMaxconn === 'none' ? '' : ` maxconn ${adminMaxconn}${adminMaxconn === 1 ? ' backlog 64' : ''}`;
  const global = [
    `stats socket 127.0.0.1:${adminPort} level ${adminLevel}${maxconn}`,
    ...(stateFile ? [`server-state-file ${stateFile}`] : []),
    ...(options.global ?? []),
  ];
  const defaults = [
    'mode http',
    'timeout connect 5s',
    'timeout client 60s',
    'timeout server 60s',
    'default-server init-addr last,0.0.0.0',
    // Nodes here have certificates for addresses: the client's name is none of theirs.
    '.if version_atleast(3.3)',
    'default-server no-sni-auto no-check-sni-auto',
    '.endif',
    ...(stateFile ? ['load-server-state-from-file global'] : []),
  ];
  const sections = options.backends.flatMap((backend) => [
    ...(backend.port === undefined
      ? []
      : [
          section(`frontend front_${backend.name}`, [
            `bind 127.0.0.1:${backend.port}`,
            `default_backend ${backend.name}`,
          ]),
        ]),
    section(`backend ${backend.name}`, [
      `balance ${backend.balance ?? 'roundrobin'}`,
      ...(backend.hashType ? [`hash-type ${backend.hashType}`] : []),
      ...(backend.lines ?? []),
      ...backend.ranges.map(
        ({ prefix, slots, transport = 'plain' }) =>
          `server-template ${prefix} 1-${slots} slot.invalid:1 ${tls(transport, options.caFile)}disabled`,
      ),
    ]),
  ]);
  return [section('global', global), section('defaults', defaults), ...sections].join('\n');
}

function section(head: string, lines: readonly string[]): string {
  return `${[head, ...lines.map((line) => `  ${line}`)].join('\n')}\n`;
}

function tls(transport: Transport, caFile = '@system-ca'): string {
  if (transport === 'plain') return '';
  return transport === 'verified' ? `ssl verify required ca-file ${caFile} ` : 'ssl verify none ';
}
