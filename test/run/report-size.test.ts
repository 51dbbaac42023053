// What a function returns fits into what Lambda takes, and says what was left out.
import { expect, it } from 'vitest';
import { fitReport } from '../../lib/run/report-size.js';
import { change, reportOf, unchanged } from '../telemetry/rig.js';

const long = 'x'.repeat(500);
const pool = unchanged.pools.flatMap((one) => ({
  ...one,
  unplaced: Array.from({ length: 4_000 }, () => ({ instance: long, reason: long })),
}));
const full = {
  ...unchanged,
  changes: Array.from({ length: 300 }, () => ({ ...change, reason: long })),
  warnings: Array.from({ length: 3_000 }, () => long),
  pools: pool,
};

it('a report that fits is returned as it is', () => {
  const report = reportOf(unchanged);
  expect(fitReport(report)).toBe(report);
});

it('changes stay longest, then warnings, then who is unplaced, and what was left out is counted', () => {
  const sizeOf = (max: number) => {
    const cut = fitReport(reportOf(full), max);
    expect(JSON.stringify(cut).length).toBeLessThanOrEqual(max);
    const [only] = cut.loadBalancers;
    return [only?.changes.length, only?.warnings.length, only?.pools[0]?.unplaced.length, only?.leftOut];
  };
  expect(sizeOf(3_000_000)).toEqual([300, 3_000, 100, { changes: 0, warnings: 0, unplaced: 3_900 }]);
  expect(sizeOf(500_000)).toEqual([300, 100, 10, { changes: 0, warnings: 2_900, unplaced: 3_990 }]);
  expect(sizeOf(100_000)).toEqual([100, 10, 10, { changes: 200, warnings: 2_990, unplaced: 3_990 }]);
});
