// `iri-lb doctor`: what is set up wrongly between here, Consul and HAProxy, and what to do about it.
import type { Command } from 'commander';
import type { Settings } from '../config/environment.js';
import { fingerprintOf } from '../config/fingerprint.js';
import { withParameters } from '../config/pem-parameters.js';
import { configurationDiagnosis, examine } from '../doctor/doctor.js';
import { type Diagnosis, type Finding, worstOf } from '../doctor/finding.js';
import { diagnosisOfRun } from '../doctor/local-run.js';
import { readLocalRun } from '../run/local-run.js';
import { systemClock } from '../run/system-clock.js';
import { EXIT } from './exit-status.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';

export function registerDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description(
      'examine Consul, the token and every load balancer; exit 0, 1 with errors, 3 with warnings only',
    )
    .option('--json', 'print the findings as JSON')
    .action(({ json }: { json?: boolean }) =>
      guarded(terminal, async () => {
        const diagnosis = await diagnosisOf(terminal);
        if (json) outJson(terminal, diagnosis);
        else for (const line of diagnosisLines(diagnosis)) terminal.out(line);
        terminal.exit(STATUS[worstOf(diagnosis)]);
      }),
    );
}

const STATUS = { ok: EXIT.ok, warning: EXIT.look, error: EXIT.failed } as const;

/** Reads everything once. The doctor reads what runs read; a mistake in what only rendering reads is a finding, too. */
async function diagnosisOf(terminal: Terminal): Promise<Diagnosis> {
  let settings: Settings;
  try {
    settings = settingsOf({ ...terminal, env: await withParameters(terminal.env, systemClock) });
  } catch (problem) {
    return configurationDiagnosis(problem);
  }
  const [{ version, findings }, run] = await Promise.all([examine(settings), readLocalRun(terminal.env)]);
  return { version, findings: [...findings, ...diagnosisOfRun(run, fingerprintOf(settings.config))] };
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
