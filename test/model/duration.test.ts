// Durations as Consul takes them.
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../lib/model/duration.js';

describe('a duration', () => {
  it.each([
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['5.s', 5000],
    ['250us', 0.25],
    ['250µs', 0.25],
    ['+2ms', 2],
    ['0', 0],
    ['0s', 0],
  ])('of %s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(['', '5', '-5s', '1d', '5 s', '1h 2m', '.s', 's', '1e3s', '999999999h'])('is not %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
