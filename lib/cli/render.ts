// `iri-lb render …`: prints the configuration of what stands around the functions, from the same settings.

import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Settings as SettingsWith } from '../config/environment.js';
import { ConfigError, messageOf } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { quote } from '../model/text.js';
import type { RenderConfig } from '../render/config.js';
import { renderConsulAgent } from '../render/consul/agent.js';
import { renderPolicy } from '../render/consul/policy.js';
import { renderHAProxy } from '../render/haproxy/render.js';
import { printHostFiles, renderSystemd } from '../render/systemd/render.js';
import { guarded, settingsOf, type Terminal } from './output.js';

type Settings = SettingsWith<RenderConfig>;

interface Flags {
  readonly out?: string;
  readonly peer?: string;
  readonly forwarder: string;
}

interface Template {
  readonly about: string;
  readonly text: (settings: Settings, flags: Flags) => string;
  /** What the reader should know before using it; to stderr. */
  readonly notes?: (settings: Settings) => string[];
}

const TEMPLATES: Readonly<Record<string, Template>> = {
  haproxy: {
    about: 'haproxy.cfg',
    text: ({ config }, { peer }) => renderHAProxy(peer === undefined ? config : forPeer(config, peer)),
    notes: (settings) => [...stateNotes(settings), ...tlsNotes(settings), ...openNotes(settings)],
  },
  consul: {
    about: "the Consul agent's watch",
    text: ({ config, consul: { datacenter, namespace } }, { forwarder }) =>
      renderConsulAgent(config, { forwarderUrl: forwarder, datacenter, namespace }),
  },
  policy: {
    about: "the ACL policy of the functions' token",
    text: ({ config, consul: { namespace }, haproxy }) =>
      renderPolicy(config, { loadBalancers: haproxy.addresses, namespace }),
  },
  systemd: {
    about: "the hosts' units, program and gateway, each under its path",
    text: ({ config }, { forwarder }) =>
      printHostFiles(renderSystemd(config.haproxy, { forwarderUrl: forwarder })),
    notes: (settings) => [...stateNotes(settings), ...groupNotes(settings)],
  },
};

/** Registers `render`; the settings come from the environment, as everywhere. */
export function registerRender(program: Command, terminal: Terminal): void {
  const names = Object.keys(TEMPLATES);
  const about = Object.entries(TEMPLATES).map(([name, template]) => `  ${name.padEnd(8)} ${template.about}`);
  program
    .command('render <what>')
    .description(`print a configuration file: ${names.join(', ')}`)
    .option('--out <file>', 'write it to a file instead')
    .option('--peer <name>', 'haproxy: the member of haproxy.peers that it is for')
    .option('--forwarder <url>', 'consul, systemd: where the forwarder listens', 'http://127.0.0.1:8401')
    .addHelpText('after', `\n${about.join('\n')}`)
    .action((what: string, flags: Flags) =>
      guarded(terminal, async () => {
        const template = Object.hasOwn(TEMPLATES, what) ? TEMPLATES[what] : undefined;
        if (!template)
          throw new Error(`nothing to render by the name ${quote(what)}; use ${names.join(', ')}`);
        const settings = settingsOf(terminal);
        const text = template.text(settings, flags);
        if (flags.out === undefined) terminal.out(text.replace(/\n$/, ''));
        else write(flags.out, text);
        for (const note of template.notes?.(settings) ?? []) terminal.err(`note: ${note}`);
      }),
    );
}

function stateNotes({ config }: Settings): string[] {
  return config.haproxy.stateFile
    ? []
    : ['haproxy.stateFile is not set: a reload empties every slot until the next run'];
}

function tlsNotes({ config: { pools, haproxy } }: Settings): string[] {
  const { caFile, verifyName } = haproxy.servers;
  const verified = pools.some(({ ranges }) => ranges.some(({ transport }) => transport === 'verified'));
  if (!verified || caFile !== '@system-ca' || verifyName !== undefined) return [];
  return [
    'verified servers may have a certificate of any public authority, for any name: set haproxy.servers.caFile to your own authority, or haproxy.servers.verifyName',
  ];
}

function groupNotes({ config: { haproxy } }: Settings): string[] {
  if (!haproxy.gateway || !haproxy.admin.bind.startsWith('/') || haproxy.process.group !== null) return [];
  return [
    `haproxy.process.group is null: the gateway gets in at ${haproxy.admin.bind} only if its unit's user may write there`,
  ];
}

function openNotes({ config: { haproxy } }: Settings): string[] {
  const notes: string[] = [];
  if (haproxy.frontend.auth && !haproxy.frontend.tls) {
    notes.push(
      'passwords cross the network in plain text: haproxy.frontend.auth is set, and no haproxy.frontend.tls',
    );
  }
  const { bind } = haproxy.admin;
  if (!bind.startsWith('/') && !isLoopback(hostOf(bind))) {
    notes.push(
      `whoever reaches ${bind} controls this HAProxy: give haproxy.admin.bind a path, and use haproxy.gateway`,
    );
  }
  return notes;
}

/** Of `address:port`, as it was parsed. */
const hostOf = (bind: string): string => bind.slice(0, bind.lastIndexOf(':'));

function forPeer(config: RenderConfig, peer: string): RenderConfig {
  const { haproxy } = config;
  const members = haproxy.peers?.members ?? [];
  if (!haproxy.peers || !members.some(({ name }) => name === peer)) {
    const known = members.map(({ name }) => name).join(', ') || 'haproxy.peers is not set';
    throw new ConfigError('arguments', [
      { path: '--peer', message: `${quote(peer)} is no member (${known})` },
    ]);
  }
  return { ...config, haproxy: { ...haproxy, peers: { ...haproxy.peers, local: peer } } };
}

function write(file: string, text: string): void {
  try {
    // It can hold password hashes.
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new Error(`cannot write ${quote(file)} (${messageOf(error)}); name a file in a folder that exists`);
  }
}
