// `iri-lb doctor`: what is set up wrongly between here, Consul and HAProxy, and what to do about it.
import type { Command } from 'commander';
import { withParameters } from '../config/pem-parameters.js';
import { diagnose } from '../doctor/doctor.js';
import { type Diagnosis, errorFrom, type Finding, needsAttention } from '../doctor/finding.js';
import { ConfigError } from '../model/errors.js';
import { systemClock } from '../run/system-clock.js';
import { guarded, settingsOf, type Terminal } from './output.js';

export function registerDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('examine Consul, the token and every load balancer; exit 0, or 1 with findings')
    .option('--json', 'print the findings as JSON')
    .action(({ json }: { json?: boolean }) =>
      guarded(terminal, async () => {
        const diagnosis = await examine(terminal);
        if (json) terminal.out(JSON.stringify(diagnosis, null, 2));
        else for (const line of diagnosisLines(diagnosis)) terminal.out(line);
        if (needsAttention(diagnosis)) terminal.exit(1);
      }),
    );
}

/** The doctor reads what runs read; a mistake in what only rendering reads is a finding, too. */
async function examine(terminal: Terminal): Promise<Diagnosis> {
  try {
    settingsOf({ ...terminal, env: await withParameters(terminal.env, systemClock) });
  } catch (problem) {
    if (!(problem instanceof ConfigError)) throw problem;
    const findings = problem.problems.map(({ path, message }) =>
      errorFrom('configuration', path, { detail: message, nextStep: '' }),
    );
    return { version: 1, findings };
  }
  return diagnose(terminal.env);
}

/** What is well, then what is not, each with what to do, then how many there are. */
export function diagnosisLines({ findings }: Diagnosis): string[] {
  const well = findings.filter(({ level }) => level === 'ok');
  const ill = findings.filter(({ level }) => level !== 'ok');
  const count = ill.length === 0 ? 'nothing to find' : `${ill.length} to look after`;
  return [...[...well, ...ill].flatMap(findingLines), `${findings.length} looked at, ${count}`];
}

function findingLines({ level, area, subject, finding, todo }: Finding): string[] {
  const line = `${level.padEnd(7)}  ${area}  ${subject}: ${finding}`;
  return todo === null ? [line] : [line, `         -> ${todo}`];
}
