// Load balancers that tell each other whom they block: one configuration, rendered for each of them. Pure.
import { ConfigError } from '../../model/errors.js';
import { quote } from '../../model/text.js';
import { section } from '../section.js';
import type { FrontendSettings } from '../settings.js';
import { PEERS } from './names.js';

/** The peers protocol has no authentication: its addresses belong on a private network. */
export function peerSections({ peers }: FrontendSettings): string[] {
  if (!peers) return [];
  return [
    section(
      `peers ${PEERS}`,
      peers.members.map(({ name, address }) => `peer ${name} ${address}`),
    ),
  ];
}

/** The settings of the member `name`. Throws ConfigError where there is no such member. */
export function forPeer(settings: FrontendSettings, name: string): FrontendSettings {
  const { peers } = settings;
  const names = peers?.members.map((member) => member.name) ?? [];
  if (!peers || !names.includes(name)) {
    const known = names.join(', ') || 'haproxy.peers is not set';
    throw new ConfigError('arguments', [
      { path: '--peer', message: `${quote(name)} is no member (${known})` },
    ]);
  }
  return { ...settings, peers: { ...peers, local: name } };
}
