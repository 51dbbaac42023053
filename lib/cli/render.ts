// `iri-lb render …`: prints the configuration of what stands around the functions, from the same settings.
import type { Command } from 'commander';
import type { Settings } from '../config/environment.js';
import { quote } from '../model/text.js';
import type { RenderConfig } from '../render/config.js';
import { renderConsulAgent } from '../render/consul/agent.js';
import { renderPolicy } from '../render/consul/policy.js';
import { forPeer } from '../render/haproxy/peers.js';
import { PARTS, renderHAProxy, renderPart } from '../render/haproxy/render.js';
import { haproxyNotes, systemdNotes } from '../render/notes.js';
import { printHostFiles, renderSystemd } from '../render/systemd/render.js';
import { guarded, settingsOf, type Terminal } from './output.js';
import { writeOut } from './render-out.js';
import { usageError } from './usage.js';

interface Flags {
  readonly out?: string;
  readonly force?: boolean;
  readonly peer?: string;
  readonly only?: string;
  readonly forwarder: string;
}

interface Template {
  readonly about: string;
  readonly text: (settings: Settings<RenderConfig>, flags: Flags) => string;
  /** To stderr. */
  readonly notes?: (config: RenderConfig) => string[];
}

const TEMPLATES: Readonly<Record<string, Template>> = {
  haproxy: {
    about: 'haproxy.cfg',
    text: ({ config }, { peer, only }) => {
      if (only !== undefined) return renderPart(config, partOf(only));
      return renderHAProxy(
        peer === undefined ? config : { ...config, haproxy: forPeer(config.haproxy, peer) },
      );
    },
    notes: haproxyNotes,
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
    text: ({ config }, { forwarder }) => printHostFiles(renderSystemd(config, { forwarderUrl: forwarder })),
    notes: ({ haproxy }) => systemdNotes(haproxy),
  },
};

/** Registers `render`; the settings come from the environment, as everywhere. */
export function registerRender(program: Command, terminal: Terminal): void {
  const names = Object.keys(TEMPLATES);
  const about = Object.entries(TEMPLATES).map(([name, template]) => `  ${name.padEnd(8)} ${template.about}`);
  program
    .command('render <what>')
    .description(`print a configuration file: ${names.join(', ')}`)
    .option('--out <file>', 'write it to a file instead; one that was rendered before is replaced, no other')
    .option('--force', 'replace any file')
    .option('--peer <name>', 'haproxy: the member of haproxy.peers that it is for')
    .option('--only <part>', `haproxy: ${PARTS.join(' or ')}, to paste into a haproxy.cfg of your own`)
    .option('--forwarder <url>', 'consul, systemd: where the forwarder listens', 'http://127.0.0.1:8401')
    .addHelpText('after', `\n${about.join('\n')}`)
    .action((what: string, flags: Flags) =>
      guarded(terminal, async () => {
        if (flags.only !== undefined && what !== 'haproxy') throw usageError('--only: is for render haproxy');
        render(templateOf(what), flags, terminal);
      }),
    );
}

function templateOf(what: string): Template {
  const template = Object.hasOwn(TEMPLATES, what) ? TEMPLATES[what] : undefined;
  if (template) return template;
  const names = Object.keys(TEMPLATES).join(', ');
  throw usageError(`nothing to render by the name ${quote(what)}; use ${names}`);
}

function partOf(name: string) {
  const part = PARTS.find((one) => one === name);
  if (part) return part;
  throw usageError(`--only: nothing by the name ${quote(name)} in haproxy.cfg; use ${PARTS.join(' or ')}`);
}

function render({ text, notes }: Template, flags: Flags, terminal: Terminal): void {
  const settings = settingsOf(terminal);
  const rendered = text(settings, flags);
  if (flags.out === undefined) terminal.out(rendered.replace(/\n$/, ''));
  else writeOut(flags.out, rendered, flags.force === true);
  for (const note of notes?.(settings.config) ?? []) terminal.err(`note: ${note}`);
}
