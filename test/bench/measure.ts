// Times, medians and the table of a bench. Nothing here decides whether anything passes.
import Table from 'cli-table3';

/** Times or sizes of one thing, in the unit of its row. */
export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'µs per instance' | 'MB' | '%' | 'a second' | 'ms per 1,000' | 'per 1,000';
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Next to a row before it: the median of the ratios of what was measured in pairs. */
  readonly ratio?: { readonly to: string; readonly median: number; readonly target?: number };
}

export interface Part {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function rowOf(what: string, unit: Row['unit'], times: readonly number[]): Row {
  return { what, unit, median: median(times), min: Math.min(...times), max: Math.max(...times) };
}

/** `times` next to those of `to`, pair by pair, so that what slows both down at a time does not count. */
export function rowBeside(
  row: Row,
  times: readonly number[],
  to: string,
  floorTimes: readonly number[],
  target?: number,
): Row {
  const ratios = times.map((time, at) => time / (floorTimes[at] ?? Number.NaN));
  const ratio = { to, median: median(ratios), ...(target === undefined ? {} : { target }) };
  return { ...row, ratio };
}

/**
 * Runs two things `runs` times in turn, the one first every other time, so that neither gains from what the
 * other has warmed. `before` prepares each, untimed.
 */
export async function interleaved(
  runs: number,
  one: () => unknown,
  two: () => unknown,
  before: () => unknown = () => undefined,
): Promise<[number[], number[]]> {
  const times: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run += 1) {
    for (const which of run % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      await before();
      times[which].push(await timed(which === 0 ? one : two));
    }
  }
  return times;
}

/** For people: a table per part. */
export function printTable({ title, rows }: Part): string {
  const table = new Table({
    head: [title, 'median', 'min – max', 'ratio'],
    colAligns: ['left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const { what, unit, median, min, max, ratio } of rows) {
    const range = `${figure(min)} – ${figure(max)}`;
    table.push([what, `${figure(median)} ${unit}`, range, ratio ? printRatio(ratio) : '']);
  }
  return table.toString();
}

function printRatio({ to, median, target }: NonNullable<Row['ratio']>): string {
  const said = `${median.toFixed(2)} × ${to}`;
  if (target === undefined) return said;
  return `${said}, at most ${target}: ${isMet({ median, target }) ? 'met' : 'NOT MET'}`;
}

/** As it is printed, so that nobody sees 1.10 called more than 1.1. */
function isMet({ median, target }: { median: number; target: number }): boolean {
  return Number(median.toFixed(2)) <= target;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
