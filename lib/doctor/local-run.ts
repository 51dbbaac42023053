// What is wrong with the `iri-lb run` of this host, in its own words. Pure.
import type { LocalRun } from '../run/local-run.js';
import { error, type Finding, ok, warning } from './finding.js';

/** `fingerprint` of what is configured here; undefined: not to be compared. Nothing where there is no run. */
export function diagnosisOfRun(run: LocalRun | undefined, fingerprint?: string): Finding[] {
  if (!run) return [];
  const { paused, failing, rejected, contested } = run;
  const subject = `iri-lb run at ${run.url}`;
  const findings = [
    ...(failing
      ? [error('configuration', subject, `its runs fail: ${failing.errors[0] ?? ''}`, 'see its log')]
      : []),
    ...(rejected
      ? [
          error(
            'configuration',
            subject,
            `it does not use the configuration that it was told to read: ${rejected.problems[0] ?? ''}`,
            'correct it (iri-lb run --check), and reload it',
          ),
        ]
      : []),
    ...(paused
      ? [warning('configuration', subject, `it writes nothing: ${paused.reason}`, PAUSED[paused.cause])]
      : []),
    ...contested.map((one) =>
      warning(
        'haproxy',
        one.loadBalancer,
        `${one.backend}/${one.slot}: somebody else sets its ${one.field} to ${one.theirs} whenever it is set to ${one.ours} here`,
        'see which other run or script writes there, and give all of them one version and configuration',
      ),
    ),
    ...(fingerprint !== undefined && run.fingerprint !== fingerprint && run.fingerprint !== ''
      ? [
          warning(
            'configuration',
            subject,
            `it uses configuration ${run.fingerprint}, here it is ${fingerprint}`,
            'set LB_CONFIG here to what it uses',
          ),
        ]
      : []),
  ];
  return findings.length > 0
    ? findings
    : [ok('configuration', subject, `version ${run.version}, as it should be`)];
}

const PAUSED = {
  file: 'remove its pause file when it may write again',
  unreadable: 'remove what stands at the path of its pause file',
  dry: 'start it without --dry',
} as const;
