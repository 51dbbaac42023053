// Bounds how many warnings are told, and counts the rest: what a registration says has no end. Pure.
import { levelOf, type Problem } from './problem.js';

/** Of one instance, so many warnings are told. */
const MAX_OF_INSTANCE = 20;
/** Of all together. */
const MAX_IN_ALL = 1_000;

/** Takes problems as they are found, and holds no more of them than are told. */
export interface ProblemLimit {
  tell(problem: Problem): void;
  /** Those that are told, in their order; the last one counts the others, if there are any. */
  problems(): Problem[];
}

/** Errors are never left out: they fail the run. */
export function limitProblems(): ProblemLimit {
  const told: Problem[] = [];
  const toldOf = new Map<string, number>();
  const leftOutOf = new Map<string | null, number>();
  let warnings = 0;
  const isTold = (instance: string | null): boolean => {
    const before = instance === null ? 0 : (toldOf.get(instance) ?? 0);
    if (before >= MAX_OF_INSTANCE || warnings >= MAX_IN_ALL) return false;
    warnings += 1;
    if (instance !== null) toldOf.set(instance, before + 1);
    return true;
  };
  const leaveOut = (instance: string | null, count: number): void => {
    if (count > 0) leftOutOf.set(instance, (leftOutOf.get(instance) ?? 0) + count);
  };
  return {
    tell(problem) {
      if (problem.code === 'warnings-left-out') {
        leaveOut(problem.instance, problem.ofInstance);
        leaveOut(null, problem.count - problem.ofInstance);
        return;
      }
      const instance = 'instance' in problem ? problem.instance : null;
      if (levelOf(problem) === 'error' || isTold(instance)) told.push(problem);
      else leaveOut(instance, 1);
    },
    problems: () => (leftOutOf.size === 0 ? told : [...told, countOf(leftOutOf)]),
  };
}

/** Those of `problems` that are told. */
export function limited(problems: Iterable<Problem>): Problem[] {
  const limit = limitProblems();
  for (const problem of problems) limit.tell(problem);
  return limit.problems();
}

function countOf(leftOutOf: ReadonlyMap<string | null, number>): Problem {
  let count = 0;
  let most: readonly [string | null, number] = [null, 0];
  for (const entry of leftOutOf) {
    count += entry[1];
    if (entry[0] !== null && entry[1] > most[1]) most = entry;
  }
  return { code: 'warnings-left-out', count, instance: most[0], ofInstance: most[1] };
}
