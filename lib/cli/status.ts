// `iri-lb status`: every slot in use, who is there, and where the load balancers differ.
import Table from 'cli-table3';
import type { Command } from 'commander';
import { printHostPort } from '../model/address.js';
import type { Status } from '../model/status.js';
import { makeRunner } from '../run/runner.js';
import { readFleet } from '../run/status.js';
import { guarded, settingsOf, type Terminal } from './output.js';

export function registerStatus(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .description('show what every load balancer holds; exit 0, or 1 when one or Consul cannot be read')
    .option('--json', 'print it as JSON')
    .action(({ json }: { json?: boolean }) =>
      guarded(terminal, async () => {
        const status = await readFleet(makeRunner(settingsOf(terminal), terminal.err));
        if (json) terminal.out(JSON.stringify(status, null, 2));
        else for (const line of statusLines(status)) terminal.out(line);
        const errors = [status.consul.error, ...status.loadBalancers.map(({ error }) => error)].flatMap(
          (e) => e ?? [],
        );
        for (const error of errors) terminal.err(`iri-lb: ${error}`);
        if (errors.length > 0) terminal.exit(1);
      }),
    );
}

function statusLines({ consul, loadBalancers, differences }: Status): string[] {
  const lines = [`Consul: ${consul.instances} instances at index ${consul.index}`];
  for (const { address, version, uptimeSeconds, slots, error } of loadBalancers) {
    if (error !== undefined) continue;
    lines.push('', `${address}: HAProxy ${version}, up ${uptimeSeconds} s, ${slots.length} slots in use`);
    if (slots.length === 0) continue;
    const table = new Table({
      head: ['backend', 'slot', 'instance', 'address', 'state', 'status', 'weight', 'maxconn', 'sessions'],
      style: { head: [], border: [], compact: true },
    });
    for (const {
      backend,
      slot,
      instance,
      address: ip,
      port,
      state,
      status,
      weight,
      maxconn,
      sessions,
    } of slots) {
      const at = ip === null ? '-' : printHostPort(ip, port);
      table.push([
        backend,
        slot,
        instance ?? '-',
        at,
        state,
        status,
        weight,
        maxconn === 0 ? 'no limit' : maxconn,
        sessions,
      ]);
    }
    lines.push(table.toString());
  }
  if (differences.length > 0)
    lines.push('', 'The load balancers differ:', ...differences.map((line) => `  ${line}`));
  return lines;
}
