// `iri-lb node remove`: deregisters what was named at the agent that has it, and nothing else.
import type { Command } from 'commander';
import { type Agent, agentOf } from '../consul/agent.js';
import { isHealthy, labelOf } from '../model/instance.js';
import { told } from '../run/on-wait.js';
import { makeRunner } from '../run/runner.js';
import { systemClock } from '../run/system-clock.js';
import type { Confirm } from './confirm.js';
import { findNode, type RegisteredNode, readNodes, requireName } from './node-find.js';
import { refusalToRemove } from './node-owner.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';

interface RemoveFlags {
  readonly node?: string;
  readonly id?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function registerRemove(parent: Command, terminal: Terminal, confirm: Confirm | undefined): void {
  parent
    .command('remove [node]')
    .description('deregister a node, by id or address:port; asks before it removes a passing one')
    .option('--node <name>', 'the one of this Consul node')
    .option('--id <id>', 'the one of this service id')
    .option('--yes', 'do not ask')
    .option('--json', 'print what was removed as JSON')
    .action((name: string | undefined, flags: RemoveFlags) =>
      guarded(terminal, () => remove(name, flags, terminal, confirm)),
    );
}

async function remove(
  name: string | undefined,
  { node: ofNode, id, yes, json }: RemoveFlags,
  terminal: Terminal,
  confirm: Confirm | undefined,
): Promise<void> {
  requireName({ name, node: ofNode, id });
  const settings = settingsOf(terminal);
  const { source } = makeRunner(settings, terminal.err, terminal);
  const nodes = await readNodes(source, settings.config, terminal.err);
  const node = findNode(nodes, { name, node: ofNode, id });
  const label = labelOf(node);
  const agent = agentOf(settings, systemClock);
  const { datacenter } = settings.consul;
  await refuseOthers(agent, node, datacenter);
  if (!yes && isHealthy(node.health)) {
    if (!confirm) throw new Error(`${label} is ${node.health}; say --yes to remove it all the same`);
    if (!(await confirm(`${label} (${node.hostPort}) is ${node.health}. Remove it?`))) {
      throw new Error(`${label} was not removed`);
    }
    // The answer may have taken its time.
    await refuseOthers(agent, node, datacenter);
  }
  const gone = agent.deregister(node.id, node.service);
  await told(terminal.onWait, `the Consul agent at ${agent.address}`, gone);
  const removed = { node: node.node, id: node.id, service: node.service, address: node.hostPort };
  if (json) outJson(terminal, { version: 1, agent: agent.address, removed });
  else terminal.out(`removed ${label} (${node.hostPort})`);
}

/** Throws where the agent's service of that id is not this node. Its service is asked for last. */
async function refuseOthers(
  agent: Agent,
  node: RegisteredNode,
  datacenter: string | undefined,
): Promise<void> {
  const identity = await agent.identity();
  const service = await agent.find(node.id, node.service);
  const refusal = refusalToRemove(node, { address: agent.address, identity, service }, datacenter);
  if (refusal !== undefined) throw new Error(refusal);
}
