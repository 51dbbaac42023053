// `iri-lb status`: every slot in use, who is there, who serves, and where the load balancers differ.
import type { Command } from 'commander';
import { makeRunner } from '../run/runner.js';
import { readFleet } from '../run/status.js';
import { fleetStatus } from './exit-status.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { statusLines } from './status-text.js';

export function registerStatus(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .description(
      'show what every load balancer holds; exit 0, 1 when one or Consul cannot be read, 3 when somebody should ' +
        'look: a pool that serves nobody, a slot held for nobody, load balancers that differ',
    )
    .option('--json', 'print it as JSON')
    .action(({ json }: { json?: boolean }) =>
      guarded(terminal, async () => {
        const status = await readFleet(makeRunner(settingsOf(terminal), terminal.err, terminal));
        if (json) outJson(terminal, status);
        else for (const line of statusLines(status)) terminal.out(line);
        for (const { error } of [status.consul, ...status.loadBalancers])
          if (error !== undefined) terminal.err(`iri-lb: ${error}`);
        terminal.exit(fleetStatus(status));
      }),
    );
}
