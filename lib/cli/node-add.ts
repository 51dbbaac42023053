// `iri-lb node add`: from flags or a file to a registration that Consul takes.
import type { Command } from 'commander';
import type { Settings } from '../config/environment.js';
import { agentOf } from '../consul/agent.js';
import { IRI_TAG_HELP, IRI_TAGS } from '../iri/tags.js';
import { parseIp } from '../model/address.js';
import { isLoopback } from '../model/loopback.js';
import type { IpPort } from '../model/networks.js';
import { TAG_HELP, TAGS } from '../model/tags.js';
import { told } from '../run/on-wait.js';
import { systemClock } from '../run/system-clock.js';
import { hideWithoutIri } from './iri-options.js';
import { type DefinitionFlags, readDefinition } from './node-add-definition.js';
import { toFileForm } from './node-file.js';
import { refusalToReplace } from './node-owner.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';

/** As commander has them: the flags of tags among the others. */
interface AddFlags extends Omit<DefinitionFlags, 'checkCommand' | 'tags'> {
  readonly checkCommand?: string;
  readonly print?: boolean;
  readonly replace?: boolean;
  readonly json?: boolean;
}

const collect = (value: string, earlier: readonly string[] | undefined): string[] => [
  ...(earlier ?? []),
  value,
];

/** Where the deploy guide puts the node check on an agent's host. */
const INSTALLED_CHECK = '/opt/iri-lb/node-check.mjs';

/** `nodeCheck` is where the node check is on this host. */
export function registerAdd(parent: Command, terminal: Terminal, nodeCheck: string): void {
  const command = parent
    .command('add')
    .description("register a node with the Consul agent at CONSUL_HTTP_ADDR's first address")
    .option('--address <address>', 'IPv4 or IPv6 address, or host name')
    .option('--port <port>', 'its port')
    .option('--service <name>', 'Consul service (default: that of the first pool)')
    .option('--id <id>', 'service id (default: address:port)')
    .option('--tag <tag>', 'any tag, repeatable', collect);
  for (const { key, form } of [...TAGS, ...IRI_TAGS]) {
    const { help = '', otherwise = '' } = TAG_HELP[key] ?? IRI_TAG_HELP[key] ?? {};
    command.option(`--${key} <${form}>`, `tag ${key}: ${help} (otherwise ${otherwise})`);
  }
  command
    .option('--file <file>', "a service definition in JSON, as Consul's API or files have it, - for stdin")
    .option('--http <path>', 'have Consul check it by an HTTP GET of the path')
    .option('--tcp', 'have Consul check that it takes connections')
    .option('--check <file>', "a check definition in JSON, as Consul's API or files have it, - for stdin")
    .option('--no-check', 'register without a check')
    .option(
      '--check-command <file>',
      `the node check on the agent's host, which is the check of IRI nodes (default: this one's for an agent on loopback, else ${INSTALLED_CHECK})`,
    )
    .option(
      '--check-args <options>',
      `more options of the node check, in one argument: '-n 4 -r "IRI Testnet"'`,
      '',
    )
    .option('--check-interval <time>', 'how often the check runs', '30s')
    .option('--check-timeout <time>', 'longest time it may take', '5s')
    .option('--deregister-after <time>', 'how long it may fail before Consul forgets the node', '24h')
    .option('--replace', 'also where the agent has another service, or one elsewhere, under this id')
    .option('--print', "print the definition for the agent's configuration directory, register nothing")
    .option('--json', 'print what was registered as JSON')
    .action((flags: AddFlags) => {
      const isSaid = (flag: string): boolean => command.getOptionValueSource(flag) === 'cli';
      const tags = Object.fromEntries(
        [...TAGS, ...IRI_TAGS].flatMap(({ key }) =>
          isSaid(key) ? [[key, command.getOptionValue(key)]] : [],
        ),
      );
      return guarded(terminal, () => add(flags, tags, isSaid, terminal, nodeCheck));
    });
  hideWithoutIri(command, terminal, [
    ...IRI_TAGS.map(({ key }) => `--${key}`),
    ...['--check-command', '--check-args'],
  ]);
}

async function add(
  flags: AddFlags,
  tags: DefinitionFlags['tags'],
  isSaid: (flag: string) => boolean,
  terminal: Terminal,
  nodeCheck: string,
): Promise<void> {
  const settings = settingsOf(terminal);
  const { checkCommand = isHere(settings.consul.addresses[0]) ? nodeCheck : INSTALLED_CHECK } = flags;
  const { registration, token } = readDefinition(
    { ...flags, tags, checkCommand },
    isSaid,
    settings.config,
    adminsIn(settings),
  );
  if (flags.print) {
    if (token !== undefined) terminal.err('iri-lb: token: not printed; add it to the file yourself');
    outJson(terminal, toFileForm(registration));
    return;
  }
  const agent = agentOf(settings, systemClock);
  const waited = <T>(work: Promise<T>) => told(terminal.onWait, `the Consul agent at ${agent.address}`, work);
  const own = token === undefined ? undefined : { name: 'the file', get: async () => token };
  if (!flags.replace) {
    const there = await waited(agent.find(registration.ID, registration.Name, own));
    const refusal = refusalToReplace(registration, there);
    if (refusal !== undefined) throw new Error(refusal);
  }
  await waited(agent.register(registration, own));
  if (flags.json) outJson(terminal, { version: 1, agent: agent.address, registered: registration });
  else
    terminal.out(`registered ${registration.ID} as ${registration.Name} with the agent at ${agent.address}`);
}

/** The load balancers' admin sockets that are told by address; a name is looked up by runs. */
const adminsIn = ({ haproxy }: Settings): IpPort[] =>
  haproxy.addresses.flatMap((admin) => {
    if (admin.kind !== 'tcp' && admin.kind !== 'tls') return [];
    const ip = parseIp(admin.host);
    return ip ? [{ ip: ip.text, port: admin.port }] : [];
  });

/** Whether the agent at `address`, a parsed URL, is on this machine. */
const isHere = (address: string | undefined): boolean =>
  address !== undefined && isLoopback(new URL(address).hostname);
