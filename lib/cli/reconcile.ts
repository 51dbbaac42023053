// `iri-lb plan` and `iri-lb apply`: what differs between Consul and HAProxy, and making it equal.
import type { Command } from 'commander';
import { sentenceOf } from '../model/problem.js';
import { failuresOf, type Report } from '../model/report.js';
import type { FleetLook } from '../run/look.js';
import { makeRunner } from '../run/runner.js';
import { applyAsking } from './apply-question.js';
import type { View } from './change-lines.js';
import type { Confirm } from './confirm.js';
import { EXIT, reportStatus } from './exit-status.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { planLines } from './plan-text.js';
import { isBroken } from './plan-verdict.js';
import { recorded } from './record-history.js';
import { appliedLines, warningsOf } from './report-text.js';
import { paintFor } from './screen.js';

interface Flags {
  readonly json?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly history?: string;
}

const FORCE = [
  '--force',
  "past the guard: past maxRemovalPercent, and past what keeps a pool's last servers although Consul lists nobody for it",
] as const;
const LOOK = '3 somebody should look';

/** `confirm` is undefined where there is nobody to ask. */
export function registerReconcile(program: Command, terminal: Terminal, confirm?: Confirm): void {
  program
    .command('plan')
    .description(
      'say what apply would change, and why; exit 0 in sync, 1 something failed, could not be read or is held ' +
        `back, 2 changes pending, ${LOOK} (left out, held for nobody, nobody serves)`,
    )
    .option('--json', 'print the report as JSON')
    .option(...FORCE)
    .action((flags: Flags) => guarded(terminal, () => plan(flags, terminal)));
  program
    .command('apply')
    .description(
      'make every load balancer what Consul says; asks a person before it takes away half a pool or more; ' +
        `exit 0, 1 something failed, is held back or left out, ${LOOK} (held for nobody, nobody serves)`,
    )
    .option('--json', 'print the report as JSON')
    .option('--yes', 'do not ask')
    .option(...FORCE)
    .option('--history <file>', 'put what was changed into this file, for iri-lb changes')
    .action((flags: Flags) => guarded(terminal, () => apply(flags, terminal, confirm)));
}

async function plan({ json, force = false }: Flags, terminal: Terminal): Promise<void> {
  const look = await makeRunner(settingsOf(terminal), terminal.err, terminal).look({ force });
  if (json) outJson(terminal, look.report);
  else printPlan(look, terminal, terminal.out);
  printProblems(look.report, json === true ? failuresOf(look.report) : brokenIn(look), terminal);
  terminal.exit(reportStatus(look.report, 'plan'));
}

async function apply(
  { json = false, force = false, yes = false, history }: Flags,
  terminal: Terminal,
  confirm: Confirm | undefined,
): Promise<void> {
  const runner = recorded(makeRunner(settingsOf(terminal), terminal.err, terminal), history, terminal.err);
  // What is asked about is shown to whoever is asked, also where results go to a file.
  const toPerson = json || terminal.screen === undefined ? terminal.err : terminal.out;
  const show = (look: FleetLook): void => printPlan(look, terminal, toPerson);
  const { report, declined } =
    yes || !confirm
      ? { report: await runner.run({ mode: 'apply', force }), declined: false }
      : await applyAsking({ runner, force, confirm, show });
  if (report) {
    if (json) outJson(terminal, report);
    else for (const line of appliedLines(report, viewOf(terminal))) terminal.out(line);
    printProblems(report, failuresOf(report), terminal);
  }
  if (declined) terminal.err(`iri-lb: ${report ? 'nothing more' : 'nothing'} was applied`);
  terminal.exit(declined || !report ? EXIT.failed : reportStatus(report, 'apply'));
}

const viewOf = (terminal: Terminal): View => ({
  paint: paintFor(terminal),
  columns: terminal.screen?.columns,
});

function printPlan(look: FleetLook, terminal: Terminal, print: (line: string) => void): void {
  for (const line of planLines(look, viewOf(terminal))) print(line);
}

/** Warnings and errors, on stderr, each once. */
function printProblems(report: Report, failures: readonly string[], { err }: Terminal): void {
  for (const warning of warningsOf(report)) err(`warning: ${warning}`);
  for (const failure of failures) err(`iri-lb: ${failure}`);
}

/** What could not be read or written, in full; what was found there is in the plan. */
function brokenIn({ report, consulError }: FleetLook): string[] {
  const broken = report.loadBalancers.flatMap(({ problems }) => problems.filter(isBroken).map(sentenceOf));
  const { error } = report.consul;
  return [
    ...new Set([
      ...(error === undefined ? [] : [error]),
      ...(consulError === undefined ? [] : [consulError]),
      ...broken,
    ]),
  ];
}
