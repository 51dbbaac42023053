// The answer of a function: whole where Lambda takes it, cut where it would not.
import { describe, expect, test } from 'vitest';
import type { Report } from '../../lib/model/report.js';
import { answerOf } from '../../lib/run/answer.js';
import { change, reportOf, unchanged } from '../telemetry/rig.js';

const LAMBDA_BYTES = 6 * 1024 * 1024;
const many = <T>(count: number, entry: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => entry(at));
const bytesOf = (report: Report): number => Buffer.byteLength(JSON.stringify(report));
const warnings = (count: number) => many(count, (at) => `node/web-${at}: ${'é'.repeat(200)}`);
const [pool] = unchanged.pools;
const poolWith = (unplaced: number) =>
  pool
    ? [
        {
          ...pool,
          unplaced: many(unplaced, (at) => ({ instance: `n/i-${at}`, reason: 'no slot'.repeat(20) })),
        },
      ]
    : [];

describe("a function's answer", () => {
  test('is the report itself where that is small enough', () => {
    const report = reportOf(unchanged);
    expect(answerOf(report)).toBe(report);
  });

  test('leaves out who is unplaced first, and says how many; changes and warnings are whole', () => {
    const changes = many(2_000, () => change);
    const report = reportOf({ ...unchanged, changes, pools: poolWith(50_000), warnings: warnings(100) });
    const answer = answerOf(report);
    expect(bytesOf(answer)).toBeLessThan(LAMBDA_BYTES);
    expect(answer.loadBalancers[0]?.changes).toHaveLength(2_000);
    expect(answer.loadBalancers[0]?.warnings).toHaveLength(100);
    expect(answer.loadBalancers[0]?.pools[0]?.unplaced).toHaveLength(100);
    expect(answer.cut).toEqual({ changes: 0, warnings: 0, problems: 0, unplaced: 49_900 });
  });

  test('leaves out warnings next, and changes last', () => {
    const changes = many(2_000, () => change);
    const some = answerOf({ ...reportOf({ ...unchanged, changes, warnings: warnings(50_000) }) });
    expect(some.loadBalancers[0]).toMatchObject({ changes: { length: 2_000 }, warnings: { length: 100 } });
    const most = answerOf(reportOf(...many(50, () => ({ ...unchanged, changes }))));
    expect(bytesOf(most)).toBeLessThan(LAMBDA_BYTES);
    expect(most.loadBalancers.every((one) => one.changes.length > 0)).toBe(true);
    expect(most.cut?.changes).toBeGreaterThan(50_000);
  });

  test('fits whatever there is', () => {
    const full = {
      ...unchanged,
      changes: many(200, () => change),
      pools: poolWith(200),
      warnings: warnings(200),
    };
    expect(bytesOf(answerOf(reportOf(...many(1_000, () => full))))).toBeLessThan(LAMBDA_BYTES);
    const endless = reportOf(...many(3_000, () => ({ ...unchanged, error: 'e'.repeat(10_000) })));
    expect(bytesOf(answerOf(endless))).toBeLessThan(LAMBDA_BYTES);
  });
});
