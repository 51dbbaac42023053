// Renders the systemd unit of the gateway: a second HAProxy, with no rights. Pure.
import type { GatewaySettings } from '../gateway-settings.js';
import { STRICT_SANDBOX } from './sandbox.js';

export interface GatewayUnitOptions {
  readonly haproxy: string;
  /** The gateway's configuration. */
  readonly configFile: string;
  /** Folder with server.pem (certificate and key) and ca.pem (who signs the functions' certificates). */
  readonly credentials: string;
  /** Group that may open the admin socket. */
  readonly group: string | null;
}

/** The unit's text. Certificates are read when it starts: restart it when they change. */
export function renderGatewayUnit(settings: GatewaySettings, options: GatewayUnitOptions): string {
  const { haproxy, configFile, credentials, group } = options;
  return [
    '[Unit]',
    'Description=Mutual-TLS gateway to the admin socket of HAProxy',
    'After=network-online.target haproxy.service',
    'Wants=network-online.target',
    // A certificate or an address that comes late must not end it for good.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=notify',
    `ExecStartPre=${haproxy} -c -q -f ${configFile}`,
    `ExecStart=${haproxy} -Ws -f ${configFile}`,
    'KillMode=mixed',
    'SuccessExitStatus=143',
    'Restart=always',
    'RestartSec=1',
    `LoadCredential=server.pem:${credentials}/server.pem`,
    `LoadCredential=ca.pem:${credentials}/ca.pem`,
    'DynamicUser=yes',
    ...(group === null ? [] : [`SupplementaryGroups=${group}`]),
    '',
    ...STRICT_SANDBOX,
    // A second fence, in the kernel, around the source restriction of the configuration.
    'IPAddressDeny=any',
    `IPAddressAllow=${['localhost', ...settings.sources].join(' ')}`,
    'MemoryMax=256M',
    'TasksMax=64',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}
