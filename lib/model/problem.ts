// A problem as data: a code and its facts, from which sentences are made at the end. Pure.
import { type Level, PROBLEMS, type Telling } from './problem-table.js';

export type { Level } from './problem-table.js';

type Table = typeof PROBLEMS;
export type ProblemCode = keyof Table;
type FactsOf<C extends ProblemCode> = Parameters<Table[C]['text']>[0];

/** What an error kept ready although Consul does not list it. */
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
  'slots-taken' | 'range-undeclared' | 'range-transport' | 'range-unconfigured'
>;

/** A problem with its sentence, as reports carry it. */
export type ReportedProblem = Problem & { readonly level: Level; readonly text: string };

const tellingOf = (code: ProblemCode): Telling<unknown> => PROBLEMS[code] as Telling<unknown>;

/** What kept a server is an error, whatever it is elsewhere: the run did not do what Consul says. */
export const levelOf = ({ code, kept = [] }: Problem): Level =>
  kept.length > 0 ? 'error' : tellingOf(code).level;
/** What to do about it. */
export const nextStepOf = (problem: Problem): string => tellingOf(problem.code).next(problem);

/** What is wrong, with what was kept for that reason first. */
export function textOf(problem: Problem): string {
  const kept = (problem.kept ?? []).map(
    ({ backend, servers }) => `${backend}: ${servers} ready servers kept`,
  );
  return [...kept, tellingOf(problem.code).text(problem)].join(', ');
}

/** What is wrong and what to do, in one sentence. */
export const sentenceOf = (problem: Problem): string =>
  [textOf(problem), nextStepOf(problem)].filter((part) => part !== '').join('; ');

/** Why there is no server for the instance. */
export function reasonOf(problem: LeftOutProblem): string {
  const { reason } = PROBLEMS[problem.code] as { readonly reason: (facts: LeftOutProblem) => string };
  return reason(problem);
}

export const reported = (problem: Problem): ReportedProblem => ({
  ...problem,
  level: levelOf(problem),
  text: textOf(problem),
});
