// `iri-lb plan` and `iri-lb apply`: what differs between Consul and HAProxy, and making it equal.
import type { Command } from 'commander';
import { failuresOf, type Report } from '../model/report.js';
import { makeRunner } from '../run/runner.js';
import { reportStatus } from './exit-status.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { reportLines, warningsOf } from './report-text.js';

interface Flags {
  readonly json?: boolean;
  readonly force?: boolean;
}

const FORCE = [
  '--force',
  "past the guard: past maxRemovalPercent, and past what keeps a pool's last servers although Consul lists nobody for it",
] as const;
const LOOK = '3 somebody should look';

export function registerReconcile(program: Command, terminal: Terminal): void {
  program
    .command('plan')
    .description(
      'say what apply would change, and why; exit 0 in sync, 1 something failed, could not be read or is held ' +
        `back, 2 changes pending, ${LOOK} (left out, held for nobody, nobody serves)`,
    )
    .option('--json', 'print the report as JSON')
    .option(...FORCE)
    .action((flags: Flags) => guarded(terminal, () => run('plan', flags, terminal)));
  program
    .command('apply')
    .description(
      'make every load balancer what Consul says; exit 0, 1 something failed, is held back or left out, ' +
        `${LOOK} (held for nobody, nobody serves)`,
    )
    .option('--json', 'print the report as JSON')
    .option(...FORCE)
    .action((flags: Flags) => guarded(terminal, () => run('apply', flags, terminal)));
}

async function run(
  mode: 'plan' | 'apply',
  { json, force = false }: Flags,
  terminal: Terminal,
): Promise<void> {
  const report = await makeRunner(settingsOf(terminal), terminal.err, terminal).run({ mode, force });
  printReport(report, json === true, terminal);
  terminal.exit(reportStatus(report, mode));
}

/** Prints a report: JSON or lines on stdout; warnings and errors on stderr, each once. */
export function printReport(report: Report, json: boolean, terminal: Terminal): void {
  if (json) outJson(terminal, report);
  else for (const line of reportLines(report)) terminal.out(line);
  for (const warning of warningsOf(report)) terminal.err(`warning: ${warning}`);
  for (const failure of failuresOf(report)) terminal.err(`iri-lb: ${failure}`);
}
