// `iri-lb node check`: checks a node once, as the Consul agent would, and prints the finding.
import type { Command } from 'commander';
import { readLbConfig } from '../config/lb-config.js';
import { type Config, configSchema } from '../config/pools.js';
import { iriIsOn } from '../iri/layout.js';
import { joinArguments } from '../iri/node-check/arguments.js';
import { checkNode, type Finding } from '../iri/node-check/check.js';
import { ConfigError, type SettingProblem } from '../model/errors.js';
import { quote } from '../model/text.js';
import { makeRunner } from '../run/runner.js';
import { hideWithoutIri } from './iri-options.js';
import { isPath } from './node-checks.js';
import { findNode, readNodes, requireName, type Wanted } from './node-find.js';
import { probeHttp, probeTcp } from './node-probe.js';
import { type Asked, type Question, questionToNode, questionToUrl, withoutUser } from './node-question.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { splitWords } from './split-words.js';
import { usageError } from './usage.js';

interface CheckFlags {
  readonly node?: string;
  readonly id?: string;
  readonly http?: string;
  readonly tcp?: boolean;
  readonly checkArgs: string;
  readonly json?: boolean;
}

export function registerCheck(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('check')
    .description('check a node once, as Consul does; exit 0 it may serve, 2 it may not, 1 error')
    .argument('[node]', 'a registered one by id or address:port, or the URL of any')
    .option('--node <name>', 'the registered one of this Consul node')
    .option('--id <id>', 'the registered one of this service id')
    .option('--http <path>', 'by an HTTP GET of the path, whatever its check in Consul is')
    .option('--tcp', 'by whether it takes connections, whatever its check in Consul is')
    .option(
      '--check-args <options>',
      `more options of the node check, in one argument: '-n 4 -r "IRI Testnet"'`,
      '',
    )
    .option('--json', 'print the finding as JSON')
    .action((node: string | undefined, flags: CheckFlags) =>
      guarded(terminal, () => check(node, flags, terminal)),
    );
  hideWithoutIri(command, terminal, ['--check-args']);
}

async function check(name: string | undefined, flags: CheckFlags, terminal: Terminal): Promise<void> {
  const more = splitWords(flags.checkArgs);
  if (!more) throw usageError('--check-args: a quote is not closed');
  const asked = askedBy(flags);
  const { node, id } = flags;
  requireName({ name, node, id });
  const { question, config } =
    name !== undefined && /^https?:\/\//.test(name)
      ? await toUrl(name, asked, terminal)
      : await toNode({ name, node, id }, asked, terminal);
  if (more.length > 0 && !iriIsOn(config)) throw usageError("unknown option '--check-args'");
  if (more.length > 0 && question.kind !== 'iri')
    throw usageError('--check-args: is for the node check alone; leave it out');
  const finding = await find(question, more);
  const { ok, message } = finding;
  if (flags.json) outJson(terminal, { version: 1, node: withoutUser(name ?? `${node}/${id}`), ok, message });
  else terminal.out(message);
  if (!ok) terminal.exit(2);
}

function askedBy({ http, tcp }: CheckFlags): Asked | undefined {
  if (http !== undefined && tcp) throw usageError('--http, --tcp: say one of them');
  if (tcp) return { kind: 'tcp' };
  if (http === undefined) return undefined;
  if (!isPath(http)) throw usageError(`--http: ${quote(http)} is no path; give one like / or /health`);
  return { kind: 'http', path: http };
}

interface Addressed {
  readonly question: Question;
  readonly config: Config;
}

/** Consul is not asked. */
async function toUrl(url: string, asked: Asked | undefined, { env }: Terminal): Promise<Addressed> {
  const problems: SettingProblem[] = [];
  const config = readLbConfig(configSchema, env.LB_CONFIG, problems);
  if (problems.length > 0) throw new ConfigError('configuration', problems);
  return { question: questionToUrl(url, asked, config), config };
}

async function toNode(wanted: Wanted, asked: Asked | undefined, terminal: Terminal): Promise<Addressed> {
  const settings = settingsOf(terminal);
  const { config } = settings;
  const { source, client } = makeRunner(settings, terminal.err, terminal);
  const node = findNode(await readNodes(source, config, terminal.err), wanted);
  const rows = asked ? [] : (await client.readService(node.service)).rows;
  const warn = (text: string): void => terminal.err(`warning: ${text}`);
  return { question: questionToNode(node, asked, rows, config, warn), config };
}

function find(question: Question, more: readonly string[]): Promise<Finding> {
  switch (question.kind) {
    case 'http':
      return probeHttp(question.url, question.verifyTls);
    case 'tcp':
      return probeTcp(question.host, question.port);
    case 'iri': {
      const joined = joinArguments(question.args, more);
      if (joined.kind === 'problem') throw usageError(joined.message);
      return checkNode(joined.options);
    }
  }
}
