// The lines of a diagnosis: what is wrong first, the same on several load balancers once. Pure.
import type { Diagnosis, Finding, Level } from './finding.js';
import { someOf } from './names.js';

export interface SummaryOptions {
  /** What is well, too. */
  readonly all?: boolean;
  readonly paint?: (level: Level, text: string) => string;
}

const RANK: readonly Level[] = ['error', 'warning', 'ok'];

/** Errors, then warnings, each with what to do; then, where all is asked for, what is well; and how many there are. */
export function summaryLines({ findings }: Diagnosis, { all = false, paint }: SummaryOptions = {}): string[] {
  const ill = findings.filter(({ level }) => level !== 'ok');
  const shown = RANK.flatMap((level) =>
    level === 'ok' && !all ? [] : merged(findings.filter((finding) => finding.level === level)),
  );
  const count = ill.length === 0 ? 'nothing to find' : `${merged(ill).length} to look after`;
  return [...shown.flatMap((finding) => linesOf(finding, paint)), `${findings.length} looked at, ${count}`];
}

function linesOf(
  { level, area, subject, finding, todo }: Finding,
  paint: SummaryOptions['paint'] = (_level, text) => text,
): string[] {
  const line = `${paint(level, level.padEnd(7))}  ${area}  ${subject}: ${finding}`;
  return todo === null ? [line] : [line, `         -> ${todo}`];
}

/** Those that differ in the load balancer alone, as one that names all of them, where the first stands. */
function merged(findings: readonly Finding[]): Finding[] {
  const alike = new Map<
    string,
    { readonly first: Finding; readonly rest: string; readonly names: string[] }
  >();
  for (const finding of findings) {
    const { name, rest } = subjectOf(finding);
    const key = JSON.stringify([
      finding.level,
      finding.area,
      name === undefined,
      rest,
      finding.finding,
      finding.todo,
    ]);
    const entry = alike.get(key);
    if (entry) entry.names.push(name ?? '');
    else alike.set(key, { first: finding, rest, names: [name ?? ''] });
  }
  return [...alike.values()].map(({ first, rest, names }) =>
    names.length === 1 ? first : { ...first, subject: `${someOf(names)}${rest === '' ? '' : ` ${rest}`}` },
  );
}

/** The load balancer that a finding is of, and what of it. */
function subjectOf({ area, subject }: Finding): { readonly name: string | undefined; readonly rest: string } {
  const [, name, rest = ''] = /^((?:tcp|tls):\/\/\S+|unix:\S+)(?: (.*))?$/.exec(subject) ?? [];
  const isOfBalancer = name !== undefined && (area === 'haproxy' || area === 'fleet');
  return isOfBalancer ? { name, rest } : { name: undefined, rest: subject };
}
