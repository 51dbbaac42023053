// Lag and run time of the last hour, ten seconds by ten seconds. Pure.
import type { PlotPoint } from './shown.js';

export const PLOT_STEP_MS = 10_000;
export const PLOT_SPAN_MS = 3_600_000;

export interface RunFigures {
  readonly atMs: number;
  /** Null: not known. */
  readonly runMs: number | null;
  /** From when it was heard of to when it was read back. */
  readonly lagMs: number | null;
  readonly changes: number;
  readonly failed: boolean;
}

export interface Plot {
  /** Gives the ten seconds as they are now. */
  add(run: RunFigures): PlotPoint;
  points(nowMs: number): readonly PlotPoint[];
}

export function makePlot(): Plot {
  const points = new Map<number, PlotPoint>();
  return {
    add({ atMs, runMs, lagMs, changes, failed }) {
      const at = Math.floor(atMs / PLOT_STEP_MS) * PLOT_STEP_MS;
      const old = points.get(at);
      const point: PlotPoint = {
        atMs: at,
        runs: (old?.runs ?? 0) + 1,
        changes: (old?.changes ?? 0) + changes,
        failed: (old?.failed ?? 0) + (failed ? 1 : 0),
        runMs: larger(old?.runMs, runMs),
        lagMs: larger(old?.lagMs, lagMs),
      };
      points.set(at, point);
      for (const key of points.keys()) if (key < at - PLOT_SPAN_MS) points.delete(key);
      return point;
    },
    points: (nowMs) => [...points.values()].filter(({ atMs }) => atMs >= nowMs - PLOT_SPAN_MS),
  };
}

function larger(a: number | null | undefined, b: number | null): number | null {
  if (a === null || a === undefined) return b;
  return b === null ? a : Math.max(a, b);
}
