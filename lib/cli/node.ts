// `iri-lb node add|remove|list|check|maint`: the nodes in Consul, for people.
import type { Command } from 'commander';
import { messageOf } from '../model/errors.js';
import type { Status } from '../model/status.js';
import { makeRunner, type Runner } from '../run/runner.js';
import { readFleet } from '../run/status.js';
import type { Confirm } from './confirm.js';
import { registerAdd } from './node-add.js';
import { registerCheck } from './node-check.js';
import { readNodes } from './node-find.js';
import { listNodes, nodeTable } from './node-list.js';
import { registerNodeMaint } from './node-maint.js';
import { registerRemove } from './node-remove.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';

export interface NodeOptions {
  /** Where `node-check.mjs` is on this host, for the check that `add` registers. */
  readonly nodeCheck: string;
  /** Undefined where there is nobody to ask. */
  readonly confirm?: Confirm | undefined;
}

export function registerNode(
  program: Command,
  terminal: Terminal,
  { nodeCheck, confirm }: NodeOptions,
): void {
  const parent = program.command('node').description('register, remove, list and check nodes in Consul');
  registerAdd(parent, terminal, nodeCheck);
  registerRemove(parent, terminal, confirm);
  parent
    .command('list')
    .description('show every node, its health, and what each load balancer does with it')
    .option('--json', 'print it as JSON')
    .action(({ json }: { json?: boolean }) => guarded(terminal, () => list(json === true, terminal)));
  registerCheck(parent, terminal);
  registerNodeMaint(parent, terminal);
}

async function list(json: boolean, terminal: Terminal): Promise<void> {
  const settings = settingsOf(terminal);
  const runner = makeRunner(settings, terminal.err, terminal);
  const [nodes, status] = await Promise.all([
    readNodes(runner.source, settings.config, terminal.err),
    readStatus(runner, terminal),
  ]);
  const listed = listNodes(nodes, settings.config, status);
  if (json) outJson(terminal, { version: 1, nodes: listed });
  else terminal.out(nodeTable(listed));
}

/** The load balancers as far as they can be read; each that cannot is named, and the exit status 1. */
async function readStatus(runner: Runner, { err, exit }: Terminal): Promise<Status | undefined> {
  const failed = (text: string): void => {
    err(`iri-lb: ${text}`);
    exit(1);
  };
  try {
    const status = await readFleet(runner);
    for (const { error } of status.loadBalancers) if (error !== undefined) failed(error);
    return status;
  } catch (error) {
    failed(messageOf(error));
    return undefined;
  }
}
