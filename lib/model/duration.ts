// Durations as Consul reads them, which is as Go does: `30s`, `1m30s`, `1.5h`. Pure.

const UNITS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
};
const PART = String.raw`(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(ns|us|µs|μs|ms|s|m|h)`;
const WHOLE = new RegExp(`^\\+?(?:${PART})+$`);
/** Go counts nanoseconds in 63 bits. */
const MAX_MS = 2 ** 63 / 1e6;

/** The duration in milliseconds; undefined for what Go does not parse, and for negative ones. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) return undefined;
  const parts = [...text.matchAll(new RegExp(PART, 'g'))];
  const sum = parts.reduce((ms, [, count, unit]) => ms + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
  return sum < MAX_MS ? sum : undefined;
}
