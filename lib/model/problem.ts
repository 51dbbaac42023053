// A problem as data: a code and its facts, from which sentences are made at the end. Pure.
import { type Level, PROBLEMS, type ProblemText } from './problem-table.js';
import { plainText } from './text.js';

export type { Level } from './problem-table.js';

/** Of a list of facts, so many are reported. */
const MAX_ENTRIES = 50;

type Table = typeof PROBLEMS;
export type ProblemCode = keyof Table;
type FactsOf<C extends ProblemCode> = Parameters<Table[C]['text']>[0];

/** What stayed ready for this reason, although Consul does not list it. */
interface Kept {
  readonly kept?: readonly { readonly backend: string; readonly servers: number }[];
}

/** A problem of one code: data, which no sentence has to be taken apart for. */
export type ProblemOf<C extends ProblemCode> = C extends ProblemCode
  ? { readonly code: C } & FactsOf<C> & Kept
  : never;
export type Problem = ProblemOf<ProblemCode>;
/** An instance for which there is no server. */
export type LeftOutProblem = ProblemOf<
  'slots-taken' | 'slots-fixed' | 'slot-busy' | 'range-undeclared' | 'range-transport' | 'range-unconfigured'
>;

/** A problem with its sentence, as reports carry it. */
export type ReportedProblem = Problem & { readonly level: Level; readonly text: string };

const textsOf = (code: ProblemCode): ProblemText<unknown> => PROBLEMS[code] as ProblemText<unknown>;

/** What kept a server is an error, whatever it is elsewhere: the run did not do what Consul says. */
export const levelOf = ({ code, kept = [] }: Problem): Level =>
  kept.length > 0 ? 'error' : textsOf(code).level;
/** What to do about it. */
export const nextStepOf = (problem: Problem): string => textsOf(problem.code).next(problem);

/** What is wrong, with what was kept for that reason first. */
export function textOf(problem: Problem): string {
  const kept = (problem.kept ?? []).map(
    ({ backend, servers }) => `${backend}: ${servers} ready servers kept`,
  );
  return [...kept, textsOf(problem.code).text(problem)].join(', ');
}

/** What is wrong and what to do, in one sentence. */
export const sentenceOf = (problem: Problem): string =>
  [textOf(problem), nextStepOf(problem)].filter((part) => part !== '').join('; ');

/** Whether it says that an instance has no server. */
export const isLeftOut = ({ code }: Pick<Problem, 'code'>): boolean => 'reason' in PROBLEMS[code];

/** Why there is no server for the instance. */
export function reasonOf(problem: LeftOutProblem): string {
  const { reason } = PROBLEMS[problem.code] as { readonly reason: (facts: LeftOutProblem) => string };
  return reason(problem);
}

/** With its sentence, and with facts that can be shown: what a registration says may be hostile, and of any length. */
export const reported = (problem: Problem): ReportedProblem => ({
  ...(JSON.parse(JSON.stringify(problem, shown)) as Problem),
  level: levelOf(problem),
  text: textOf(problem),
});

function shown(_name: string, fact: unknown): unknown {
  if (typeof fact === 'string') return plainText(fact);
  return Array.isArray(fact) ? fact.slice(0, MAX_ENTRIES) : fact;
}
