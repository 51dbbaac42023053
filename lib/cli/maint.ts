// `iri-lb maint`: Consul's own maintenance of one instance, which every load balancer follows and no restart forgets.
import type { Command } from 'commander';
import { agentOf } from '../consul/agent.js';
import { labelOf } from '../model/instance.js';
import { showName } from '../model/text.js';
import { makeRunner } from '../run/runner.js';
import { systemClock } from '../run/system-clock.js';
import { findNode, readNodes, requireName } from './node-find.js';
import { refusalToRemove } from './node-owner.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { requireOwnAgent } from './own-agent.js';
import { usageError } from './usage.js';

export interface MaintFlags {
  readonly reason?: string;
  readonly off?: boolean;
  readonly json?: boolean;
}

/** The options that instances and nodes have in common. */
export function withMaintOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'why, as Consul shows it')
    .option('--off', 'end it')
    .option('--json', 'print what was done as JSON');
}

/** Throws a usage error for flags that contradict each other, before anybody is asked. */
export function requireSense({ reason, off }: MaintFlags): void {
  if (off && reason !== undefined)
    throw usageError('--reason is why maintenance begins; leave it out with --off');
}

/** `n1/web is in maintenance (new disk)`, and what follows. */
export function maintText(who: string, { off = false, reason }: MaintFlags): string {
  if (off) return `${who} is in maintenance no more: the next run makes it ready again once it passes`;
  const why = reason === undefined ? '' : ` (${showName(reason, 200)})`;
  return `${who} is in maintenance${why}: the next run takes it out of rotation, until --off`;
}

export function registerMaint(program: Command, terminal: Terminal): void {
  const command = program
    .command('maint [instance]')
    .description(
      "put an instance (id, node/id or address:port) into Consul's maintenance, which lasts, or end that; by the " +
        'agent of its node',
    )
    .option('--node <name>', 'the one of this Consul node')
    .option('--id <id>', 'the one of this service id');
  withMaintOptions(command).action(
    (name: string | undefined, flags: MaintFlags & { readonly node?: string; readonly id?: string }) =>
      guarded(terminal, () => maintain({ name, node: flags.node, id: flags.id }, flags, terminal)),
  );
}

async function maintain(
  wanted: Parameters<typeof requireName>[0],
  flags: MaintFlags,
  terminal: Terminal,
): Promise<void> {
  requireName(wanted);
  requireSense(flags);
  const settings = settingsOf(terminal);
  const runner = makeRunner(settings, terminal.err);
  const nodes = await readNodes(runner.source, settings.config, terminal.err);
  const node = findNode(nodes, wanted);
  const agent = agentOf(settings, systemClock);
  const identity = await requireOwnAgent(agent, node.node, node.service, runner);
  const service = await agent.find(node.id, node.service);
  const refusal = refusalToRemove(
    node,
    { address: agent.address, identity, service },
    settings.consul.datacenter,
  );
  if (refusal !== undefined) throw new Error(refusal);
  const { off = false, reason = '' } = flags;
  await agent.maintain(node.id, node.service, !off, reason);
  const done = { node: node.node, id: node.id, service: node.service, maintenance: !off };
  if (flags.json)
    outJson(terminal, { version: 1, agent: agent.address, ...done, ...(reason ? { reason } : {}) });
  else terminal.out(maintText(labelOf(node), flags));
}
