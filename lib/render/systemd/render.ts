// Renders what a load balancer's and a Consul agent's host need beside their packages. Pure.
import { ConfigError } from '../../model/errors.js';
import type { RenderConfig } from '../config.js';
import { forwarderAddress } from '../forwarder-address.js';
import { renderForwarderUnit } from './forwarder-unit.js';
import { renderGateway } from './gateway.js';
import { renderGatewayUnit } from './gateway-unit.js';
import { renderHAProxyDropIn } from './haproxy-unit.js';
import { renderRunUnit } from './run-unit.js';
import { renderStateProgram } from './state-program.js';

/** A file as it is installed. */
export interface HostFile {
  readonly path: string;
  readonly mode: '600' | '644' | '755';
  readonly text: string;
}

export interface SystemdOptions {
  /** HAProxy's program. */
  readonly haproxy?: string;
  /** Where our own programs are on the host. */
  readonly home?: string;
  /** Where our own settings are on the host. */
  readonly etc?: string;
  /**
   * The forwarder, as seen from the load balancer's host; its unit listens there. One that is not on loopback
   * makes that unit one for the host that has the address.
   */
  readonly forwarderUrl?: string;
}

const DEFAULTS = {
  haproxy: '/usr/sbin/haproxy',
  home: '/opt/iri-lb',
  etc: '/etc/iri-lb',
  forwarderUrl: 'http://127.0.0.1:8401',
} as const;

/** Where the state is saved when the settings do not say; the haproxy package makes the folder. */
const STATE_FILE = '/var/lib/haproxy/iri-lb.state';

/** The files of both hosts; one host may be both. The gateway's are there where it has settings. */
export function renderSystemd(config: RenderConfig, options: SystemdOptions = {}): HostFile[] {
  return [...loadBalancerFiles(config, options), ...agentFiles(config, options)];
}

const UNITS = '/etc/systemd/system';

/** What stands around HAProxy on its host. Throws ConfigError where the state could not be saved. */
export function loadBalancerFiles(config: RenderConfig, options: SystemdOptions = {}): HostFile[] {
  const { haproxy, home, etc, forwarderUrl } = { ...DEFAULTS, ...options };
  const { stateFile = STATE_FILE, admin, gateway, process } = config.haproxy;
  if (admin.unix === null) {
    const message = 'is null; name a socket, by which the state is saved without waiting for a run';
    throw new ConfigError('configuration', [{ path: 'haproxy.admin.unix', message }]);
  }
  const stateProgram = `${home}/bin/haproxy-state`;
  const gatewayFile = `${etc}/gateway.cfg`;
  return [
    file(`${UNITS}/haproxy.service.d/iri-lb.conf`, renderHAProxyDropIn({ haproxy, stateProgram })),
    file(
      stateProgram,
      renderStateProgram({
        socket: admin.unix,
        stateFile,
        forwarderUrl: forwarderAddress(forwarderUrl).url,
        forwarderHeader: `${etc}/forwarder.header`,
      }),
      '755',
    ),
    ...(gateway
      ? [
          file(gatewayFile, renderGateway(gateway, admin.bind, admin.read)),
          file(
            `${UNITS}/iri-lb-gateway.service`,
            renderGatewayUnit(gateway, {
              haproxy,
              configFile: gatewayFile,
              credentials: `${etc}/gateway`,
              group: process.group,
            }),
          ),
        ]
      : []),
    file(
      `${UNITS}/iri-lb.service`,
      renderRunUnit({
        program: `${home}/dist/iri-lb.mjs`,
        environmentFile: `${etc}/run.env`,
        group: process.group,
      }),
    ),
  ];
}

/** The forwarder's unit, for the host of a Consul agent. */
export function agentFiles(config: RenderConfig, options: SystemdOptions = {}): HostFile[] {
  const { home, etc, forwarderUrl } = { ...DEFAULTS, ...options };
  const { listen, allowRemote } = forwarderAddress(forwarderUrl);
  const unit = renderForwarderUnit({
    program: `${home}/dist/forwarder.mjs`,
    environmentFile: `${etc}/forwarder.env`,
    listen,
    allowRemote,
    pools: config.pools,
  });
  return [file(`${UNITS}/iri-lb-forwarder.service`, unit)];
}

const file = (path: string, text: string, mode: HostFile['mode'] = '644'): HostFile => ({ path, mode, text });

/** All files as one text, each under its path, as `systemctl cat` prints them. */
export function printHostFiles(files: readonly HostFile[]): string {
  return files.map(({ path, mode, text }) => `# ${path} (mode ${mode})\n${text}`).join('\n');
}
