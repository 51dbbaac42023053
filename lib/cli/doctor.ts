// `iri-lb doctor`: what is set up wrongly between here, Consul and HAProxy, and what to do about it.
import type { Command } from 'commander';
import type { Settings } from '../config/environment.js';
import { fingerprintOf } from '../config/fingerprint.js';
import { withParameters } from '../config/pem-parameters.js';
import { configurationDiagnosis, examine } from '../doctor/doctor.js';
import { type Diagnosis, worstOf } from '../doctor/finding.js';
import { diagnosisOfRun } from '../doctor/local-run.js';
import { type SummaryOptions, summaryLines } from '../doctor/summary.js';
import { readLocalRun } from '../run/local-run.js';
import { told } from '../run/on-wait.js';
import { systemClock } from '../run/system-clock.js';
import { EXIT } from './exit-status.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { paintFor } from './screen.js';

export function registerDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description(
      'examine Consul, the token, every load balancer and what they serve; exit 0, 1 with errors, 3 with warnings only',
    )
    .option('--json', 'print the findings as JSON')
    .option('--all', 'list what is well, too')
    .action(({ json, all }: { json?: boolean; all?: boolean }) =>
      guarded(terminal, async () => {
        const diagnosis = await told(terminal.onWait, 'Consul and the load balancers', diagnosisOf(terminal));
        if (json) outJson(terminal, diagnosis);
        else for (const line of summaryLines(diagnosis, optionsFor(terminal, all))) terminal.out(line);
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

function optionsFor(terminal: Terminal, all = false): SummaryOptions {
  const { green, red, yellow } = paintFor(terminal);
  const paints = { ok: green, warning: yellow, error: red };
  return { all, paint: (level, text) => paints[level](text) };
}
