// `iri-lb plan` and `iri-lb apply`: what differs between Consul and HAProxy, and making it equal.
import type { Command } from 'commander';
import { failuresOf, type Report } from '../model/report.js';
import { makeRunner } from '../run/runner.js';
import { guarded, settingsOf, type Terminal } from './output.js';
import { reportLines } from './report-text.js';

interface Flags {
  readonly json?: boolean;
  readonly force?: boolean;
}

export function registerReconcile(program: Command, terminal: Terminal): void {
  program
    .command('plan')
    .description('say what apply would change, and why; exit 0 in sync, 2 changes pending, 1 error')
    .option('--json', 'print the report as JSON')
    .option('--force', 'past maxRemovalPercent')
    .action((flags: Flags) => guarded(terminal, () => run('plan', flags, terminal)));
  program
    .command('apply')
    .description('make every load balancer what Consul says; exit 0, or 1 when anything failed')
    .option('--json', 'print the report as JSON')
    .option('--force', 'past maxRemovalPercent')
    .action((flags: Flags) => guarded(terminal, () => run('apply', flags, terminal)));
}

async function run(
  mode: 'plan' | 'apply',
  { json, force = false }: Flags,
  terminal: Terminal,
): Promise<void> {
  const report = await makeRunner(settingsOf(terminal), terminal.err).run({ mode, force });
  printReport(report, json === true, terminal);
  if (failuresOf(report).length > 0) terminal.exit(1);
  else if (mode === 'plan' && report.loadBalancers.some(({ changes }) => changes.length > 0))
    terminal.exit(2);
}

/** Prints a report: JSON or lines on stdout; warnings and errors on stderr, each once. */
export function printReport(report: Report, json: boolean, { out, err }: Terminal): void {
  if (json) out(JSON.stringify(report, null, 2));
  else for (const line of reportLines(report)) out(line);
  const warnings = [
    ...report.consul.warnings,
    ...report.loadBalancers.flatMap((balancer) => balancer.warnings),
  ];
  for (const warning of new Set(warnings)) err(`warning: ${warning}`);
  for (const failure of failuresOf(report)) err(`iri-lb: ${failure}`);
}
