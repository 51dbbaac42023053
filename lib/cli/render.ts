// `iri-lb render …`: prints the configuration of what stands around the functions, from the same settings.
import { Argument, type Command } from 'commander';
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
import { renderHostFolder } from './render-host.js';
import { writeOut } from './render-out.js';
import { usageError } from './usage.js';

interface Flags {
  readonly out?: string;
  readonly force?: boolean;
  readonly peer?: string;
  readonly only?: string;
  readonly json?: boolean;
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

const HOST_ABOUT =
  '  host     NAME --out DIR: all files of one of hosts in LB_CONFIG, each under its path in DIR';

/** Registers `render`; the settings come from the environment, as everywhere. `bundles`: our built programs. */
export function registerRender(program: Command, terminal: Terminal, bundles?: string): void {
  const names = Object.keys(TEMPLATES);
  const about = Object.entries(TEMPLATES).map(([name, template]) => `  ${name.padEnd(8)} ${template.about}`);
  program
    .command('render')
    .description(`print a configuration file: ${names.join(', ')}; or write all those of a host`)
    .addArgument(new Argument('<configuration>').choices([...names, 'host']))
    .argument('[name]', 'host: which of hosts in LB_CONFIG')
    .option(
      '--out <file>',
      'write it to a file instead, a host to a folder; replaces what was rendered before, nothing else',
    )
    .option('--force', 'replace any file')
    .option('--peer <name>', 'haproxy: the member of haproxy.peers that it is for')
    .option('--only <part>', `haproxy: ${PARTS.join(' or ')}, to paste into a haproxy.cfg of your own`)
    .option(
      '--forwarder <url>',
      'consul, systemd, host: where the forwarder listens',
      'http://127.0.0.1:8401',
    )
    .option('--json', 'host: print what was written, removed and is missing as JSON')
    .addHelpText('after', `\n${[...about, HOST_ABOUT].join('\n')}`)
    .action((what: string, name: string | undefined, flags: Flags) =>
      guarded(terminal, async () => {
        for (const [flag, only] of [
          ['only', 'haproxy'],
          ['peer', 'haproxy'],
          ['json', 'host'],
        ] as const)
          if (flags[flag] !== undefined && what !== only)
            throw usageError(`--${flag}: is for render ${only}`);
        if (what === 'host') return renderHostFolder(name, flags, terminal, bundles);
        if (name !== undefined)
          throw usageError(`render ${what} takes no ${quote(name)}; only render host does`);
        render(templateOf(what), flags, terminal);
      }),
    );
}

function templateOf(what: string): Template {
  const template = Object.hasOwn(TEMPLATES, what) ? TEMPLATES[what] : undefined;
  if (template) return template;
  const names = [...Object.keys(TEMPLATES), 'host'].join(', ');
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
