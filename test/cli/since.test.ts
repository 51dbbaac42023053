// What `--since` understands: durations, RFC 3339, and the last time of a time of day.
import { describe, expect, it } from 'vitest';
import { parseSince } from '../../lib/cli/since.js';

const NOW = Date.parse('2026-11-28T10:30:00.000Z');
const isoSince = (text: string, utc = true): string => new Date(parseSince(text, NOW, { utc })).toISOString();

describe('--since', () => {
  it.each([
    ['10m', '2026-11-28T10:20:00.000Z'],
    ['1h30m', '2026-11-28T09:00:00.000Z'],
    ['2d', '2026-11-26T10:30:00.000Z'],
    ['0', '2026-11-28T10:30:00.000Z'],
    ['2026-11-28T03:00:00Z', '2026-11-28T03:00:00.000Z'],
    ['2026-11-28t03:00:00.123456789z', '2026-11-28T03:00:00.123Z'],
    ['2026-11-28 03:00+02:00', '2026-11-28T01:00:00.000Z'],
    ['2024-02-29T00:00:00-05:00', '2024-02-29T05:00:00.000Z'],
    ['03:00', '2026-11-28T03:00:00.000Z'],
    ['3:00:07', '2026-11-28T03:00:07.000Z'],
    ['10:30', '2026-11-28T10:30:00.000Z'],
    ['10:31', '2026-11-27T10:31:00.000Z'],
    ['23:59', '2026-11-27T23:59:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(isoSince(text)).toBe(iso);
  });

  it('takes a time of day for that of the wall', () => {
    const at = new Date(parseSince('03:00', NOW, { utc: false }));
    expect([at.getHours(), at.getMinutes(), at.getSeconds()]).toEqual([3, 0, 0]);
    expect(at.getTime()).toBeLessThanOrEqual(NOW);
    expect(at.getTime()).toBeGreaterThan(NOW - 25 * 3_600_000);
  });

  it.each([
    '',
    'yesterday',
    '-5m',
    '24:00',
    '12:60',
    '2026-11-28',
    '2026-02-30T00:00:00Z',
    '2026-11-28T25:00:00Z',
    '2026-11-28T03:00:00',
    '10',
    '9999999d',
    '\u001b[2J',
  ])('does not understand %j, and says what it does', (text) => {
    expect(() => isoSince(text)).toThrow(
      /^arguments: --since ".*" is no time; use a duration \(10m, 2h, 3d\)/,
    );
  });

  it('is not to come', () => {
    expect(() => isoSince('2026-11-28T10:30:01Z')).toThrow(/is still to come; is its offset right\?/);
  });
});
