// `iri-lb node add`: from flags or a file to a registration that Consul takes.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../config/pools.js';
import { messageOf, type Problem } from '../errors.js';
import { quote } from '../text.js';
import { agentOf } from './node-agent.js';
import { parseServiceFile, type ServiceDefinition, toFileForm } from './node-file.js';
import { completeRegistration, type Registration } from './node-registration.js';
import { guarded, settingsOf, type Terminal } from './output.js';

interface AddFlags {
  readonly file?: string;
  readonly address?: string;
  readonly port?: string;
  readonly service?: string;
  readonly id?: string;
  readonly tag?: readonly string[];
  readonly weight?: string;
  readonly maxconn?: string;
  readonly maxconnpow?: string;
  readonly pow?: string;
  readonly scheme?: string;
  readonly sslverify?: string;
  readonly check: boolean;
  readonly checkCommand: string;
  readonly checkArgs: string;
  readonly checkInterval: string;
  readonly checkTimeout: string;
  readonly deregisterAfter: string;
  readonly print?: boolean;
  readonly json?: boolean;
}

/** Flags that become tags, under the configuration's prefix. */
const TAG_FLAGS = ['weight', 'maxconn', 'maxconnpow', 'pow', 'scheme', 'sslverify'] as const;
const OWN_FLAGS = ['address', 'port', 'service', 'id', 'tag', ...TAG_FLAGS] as const;

const collect = (value: string, earlier: readonly string[] | undefined): string[] => [
  ...(earlier ?? []),
  value,
];

/** `nodeCheck` is where the node check is on this host. */
export function registerAdd(parent: Command, terminal: Terminal, nodeCheck: string): void {
  parent
    .command('add')
    .description("register a node with the Consul agent at CONSUL_HTTP_ADDR's first address")
    .option('--address <address>', 'IPv4 or IPv6 address or host name of its API')
    .option('--port <port>', 'port of its API')
    .option('--service <name>', 'Consul service (default: that of the first pool)')
    .option('--id <id>', 'service id (default: address:port)')
    .option('--tag <tag>', 'any tag, repeatable', collect)
    .option('--weight <n>', 'tag weight: share of requests, 0 to 256')
    .option('--maxconn <n>', 'tag maxconn: concurrent requests, 0 is no limit')
    .option('--maxconnpow <n>', 'tag maxconnpow: the same in the PoW pool')
    .option('--pow <pow>', 'tag pow: true, false or only')
    .option('--scheme <scheme>', 'tag scheme: http or https')
    .option('--sslverify <0|1>', 'tag sslverify: 0 takes any certificate')
    .option('--file <file>', "a service definition in JSON, as Consul's API or files have it, - for stdin")
    .option('--no-check', 'register without a check')
    .option('--check-command <file>', "the node check on the agent's host", nodeCheck)
    .option('--check-args <options>', 'more options of the node check, in one argument: "-n 4 -u"', '')
    .option('--check-interval <time>', 'how often the check runs', '30s')
    .option('--check-timeout <time>', 'longest time it may take', '5s')
    .option('--deregister-after <time>', 'how long it may fail before Consul forgets the node', '24h')
    .option('--print', "print the definition for the agent's configuration directory, register nothing")
    .option('--json', 'print what was registered as JSON')
    .action((flags: AddFlags) => guarded(terminal, () => add(flags, terminal)));
}

async function add(flags: AddFlags, terminal: Terminal): Promise<void> {
  const settings = settingsOf(terminal);
  const registration = registrationFrom(flags, settings.config);
  if (flags.print) {
    terminal.out(JSON.stringify(toFileForm(registration), null, 2));
    return;
  }
  const agent = agentOf(settings);
  await agent.register(registration);
  if (flags.json)
    terminal.out(JSON.stringify({ version: 1, agent: agent.address, registered: registration }, null, 2));
  else
    terminal.out(`registered ${registration.ID} as ${registration.Name} with the agent at ${agent.address}`);
}

function registrationFrom(flags: AddFlags, config: Config): Registration {
  const problems: Problem[] = [];
  const problem = (found: Problem): void => void problems.push(found);
  const service = flags.file === undefined ? fromFlags(flags, config) : fromFile(flags, problem);
  const check = {
    command: flags.checkCommand,
    args: flags.checkArgs.split(/\s+/).filter((word) => word !== ''),
    interval: flags.checkInterval,
    timeout: flags.checkTimeout,
    deregisterAfter: flags.deregisterAfter,
  };
  return completeRegistration(service, config, flags.check ? check : undefined, problems);
}

function fromFlags(flags: AddFlags, { tagPrefix }: Config): ServiceDefinition {
  const tags = [
    ...(flags.tag ?? []),
    ...TAG_FLAGS.flatMap((key) => (flags[key] === undefined ? [] : [`${tagPrefix}.${key}=${flags[key]}`])),
  ];
  return {
    ...(flags.id === undefined ? {} : { ID: flags.id }),
    ...(flags.service === undefined ? {} : { Name: flags.service }),
    ...(flags.address === undefined ? {} : { Address: flags.address }),
    ...(flags.port === undefined ? {} : { Port: flags.port }),
    ...(tags.length === 0 ? {} : { Tags: tags }),
  };
}

function fromFile(flags: AddFlags, problem: (problem: Problem) => void): ServiceDefinition {
  for (const flag of OWN_FLAGS) {
    if (flags[flag] !== undefined)
      problem({ path: `--${flag}`, message: 'say it in the file, or leave --file out' });
  }
  const file = flags.file === '-' ? 0 : (flags.file ?? '');
  try {
    return parseServiceFile(readFileSync(file, 'utf8'), problem);
  } catch (error) {
    problem({ path: '--file', message: `cannot read ${quote(flags.file)} (${messageOf(error)})` });
    return {};
  }
}
