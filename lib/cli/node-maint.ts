// `iri-lb node maint`: Consul's own maintenance of a whole node, with every instance that it has.
import type { Command } from 'commander';
import { agentOf } from '../consul/agent.js';
import { nearNames } from '../model/nearest.js';
import { showName } from '../model/text.js';
import { makeRunner } from '../run/runner.js';
import { systemClock } from '../run/system-clock.js';
import { type MaintFlags, maintText, requireSense, withMaintOptions } from './maint.js';
import { type RegisteredNode, readNodes } from './node-find.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { requireOwnAgent } from './own-agent.js';
import { usageError } from './usage.js';

export function registerNodeMaint(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('maint <node>')
    .description(
      "put a Consul node with all that is on it into Consul's maintenance, or end that; by its own agent",
    );
  withMaintOptions(command).action((name: string, flags: MaintFlags) =>
    guarded(terminal, () => maintain(name, flags, terminal)),
  );
}

async function maintain(name: string, flags: MaintFlags, terminal: Terminal): Promise<void> {
  requireSense(flags);
  const settings = settingsOf(terminal);
  const runner = makeRunner(settings, terminal.err);
  const all = await readNodes(runner.source, settings.config, terminal.err);
  const own = all.filter(({ node }) => node === name);
  const agent = agentOf(settings, systemClock);
  const [first] = own;
  if (first) await requireOwnAgent(agent, name, first.service, runner);
  // One without instances may still be in maintenance, of which its own agent knows.
  else if ((await agent.identity()).node !== name) throw unknown(name, all);
  const { off = false, reason = '' } = flags;
  await agent.maintainNode(name, !off, reason);
  const instances = own.map(({ id, service }) => ({ id, service }));
  const done = { node: name, instances, maintenance: !off };
  if (flags.json)
    outJson(terminal, { version: 1, agent: agent.address, ...done, ...(reason ? { reason } : {}) });
  else {
    const count = `${instances.length} instance${instances.length === 1 ? '' : 's'} of the pools`;
    terminal.out(maintText(`node ${showName(name)}, with ${count},`, flags));
  }
}

function unknown(name: string, all: readonly RegisteredNode[]): Error {
  const near = nearNames(name, [...new Set(all.map(({ node }) => node))]).slice(0, 5);
  const meant =
    near.length === 0
      ? 'iri-lb node list shows those that have some'
      : `did you mean ${near.map((one) => showName(one)).join(', ')}?`;
  return usageError(`no node ${showName(name)} has an instance of a pool's service; ${meant}`);
}
