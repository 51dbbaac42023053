// `iri-lb node add|remove|list|check`: the nodes in Consul, for people.
import type { Command } from 'commander';
import { agentOf } from '../consul/agent.js';
import { messageOf } from '../model/errors.js';
import { isHealthy, labelOf } from '../model/instance.js';
import type { Status } from '../model/status.js';
import { makeRunner, type Runner } from '../run/runner.js';
import { readFleet } from '../run/status.js';
import { systemClock } from '../run/system-clock.js';
import type { Confirm } from './confirm.js';
import { registerAdd } from './node-add.js';
import { registerCheck } from './node-check.js';
import { findNode, readNodes } from './node-find.js';
import { listNodes, nodeTable } from './node-list.js';
import { guarded, settingsOf, type Terminal } from './output.js';

export interface NodeOptions {
  /** Where `node-check.mjs` is on this host, for the check that `add` registers. */
  readonly nodeCheck: string;
  /** Undefined where there is nobody to ask. */
  readonly confirm?: Confirm | undefined;
}

interface RemoveFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function registerNode(
  program: Command,
  terminal: Terminal,
  { nodeCheck, confirm }: NodeOptions,
): void {
  const parent = program.command('node').description('register, remove, list and check nodes in Consul');
  registerAdd(parent, terminal, nodeCheck);
  parent
    .command('remove <node>')
    .description('deregister a node, by id or address:port; asks before it removes a passing one')
    .option('--yes', 'do not ask')
    .option('--json', 'print what was removed as JSON')
    .action((node: string, flags: RemoveFlags) =>
      guarded(terminal, () => remove(node, flags, terminal, confirm)),
    );
  parent
    .command('list')
    .description('show every node, its health, and what each load balancer does with it')
    .option('--json', 'print it as JSON')
    .action(({ json }: { json?: boolean }) => guarded(terminal, () => list(json === true, terminal)));
  registerCheck(parent, terminal);
}

async function remove(
  name: string,
  { yes, json }: RemoveFlags,
  terminal: Terminal,
  confirm: Confirm | undefined,
): Promise<void> {
  const settings = settingsOf(terminal);
  const { source } = makeRunner(settings, terminal.err);
  const node = findNode(await readNodes(source, settings.config, terminal.err), name);
  const label = labelOf(node);
  const agent = agentOf(settings, systemClock);
  if (!(await agent.has(node.id, node.service))) {
    throw new Error(
      `${label} is not registered with the agent at ${agent.address}; run this at its own agent`,
    );
  }
  if (!yes && isHealthy(node.health)) {
    if (!confirm) throw new Error(`${label} is ${node.health}; say --yes to remove it all the same`);
    if (!(await confirm(`${label} (${node.hostPort}) is ${node.health}. Remove it?`))) {
      throw new Error(`${label} was not removed`);
    }
  }
  await agent.deregister(node.id, node.service);
  const removed = { node: node.node, id: node.id, service: node.service, address: node.hostPort };
  terminal.out(
    json
      ? JSON.stringify({ version: 1, agent: agent.address, removed }, null, 2)
      : `removed ${label} (${node.hostPort})`,
  );
}

async function list(json: boolean, terminal: Terminal): Promise<void> {
  const settings = settingsOf(terminal);
  const runner = makeRunner(settings, terminal.err);
  const [nodes, status] = await Promise.all([
    readNodes(runner.source, settings.config, terminal.err),
    readStatus(runner, terminal),
  ]);
  const listed = listNodes(nodes, settings.config, status);
  terminal.out(json ? JSON.stringify({ version: 1, nodes: listed }, null, 2) : nodeTable(listed));
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
