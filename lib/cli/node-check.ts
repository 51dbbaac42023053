// `iri-lb node check`: runs the node check once, as the Consul agent would, and prints its finding.
import type { Command } from 'commander';
import type { Config } from '../config/pools.js';
import { tagTableOf } from '../config/tag-keys.js';
import { checkNode } from '../iri/node-check/check.js';
import { labelOf } from '../model/instance.js';
import { textOf } from '../model/problem.js';
import { parseTags } from '../model/tag-values.js';
import { makeRunner } from '../run/runner.js';
import { argumentsOf, joinArguments, splitWords } from './node-check-arguments.js';
import { findNode, type RegisteredNode, readNodes } from './node-find.js';
import { guarded, settingsOf, type Terminal } from './output.js';

interface CheckFlags {
  readonly checkArgs: string;
  readonly json?: boolean;
}

export function registerCheck(parent: Command, terminal: Terminal): void {
  parent
    .command('check')
    .description('check a node once; exit 0 it may serve, 2 it may not, 1 error')
    .argument('<node>', 'a registered one by id or address:port, or the URL of any')
    .option(
      '--check-args <options>',
      `more options of the node check, in one argument: '-n 4 -r "IRI Testnet"'`,
      '',
    )
    .option('--json', 'print the finding as JSON')
    .action((node: string, flags: CheckFlags) => guarded(terminal, () => check(node, flags, terminal)));
}

async function check(name: string, { checkArgs, json }: CheckFlags, terminal: Terminal): Promise<void> {
  const more = splitWords(checkArgs);
  if (!more) throw new Error('--check-args: a quote is not closed');
  const own = /^https?:\/\//.test(name) ? ['-a', name] : await registeredArguments(name, terminal);
  const joined = joinArguments(own, more);
  if (joined.kind === 'problem') throw new Error(joined.message);
  const finding = await checkNode(joined.options);
  terminal.out(json ? JSON.stringify({ version: 1, node: name, ...finding }, null, 2) : finding.message);
  if (!finding.ok) terminal.exit(2);
}

async function registeredArguments(name: string, terminal: Terminal): Promise<string[]> {
  const settings = settingsOf(terminal);
  const { source } = makeRunner(settings, terminal.err);
  const node = findNode(await readNodes(source, settings.config, terminal.err), name);
  return argumentsFor(node, settings.config, terminal.err);
}

/** Consul does not tell a check's arguments, so they are those that `node add` would give. */
function argumentsFor(node: RegisteredNode, config: Config, warn: (line: string) => void): string[] {
  const table = tagTableOf(config, node.service);
  const said = parseTags({ ...node, label: labelOf(node) }, config.tagPrefix, table, (problem) =>
    warn(`warning: ${textOf(problem)}`),
  );
  return argumentsOf(node.target, said);
}
