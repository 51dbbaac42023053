// What Prometheus reads: the functions' metrics by the same names, counted where things happen.
import { expect, it } from 'vitest';
import type { MetricLine } from '../../lib/telemetry/metrics.js';
import { makeExposition } from '../../lib/telemetry/prometheus.js';

const lineOf = (
  dimensions: Readonly<Record<string, string>>,
  metrics: Readonly<Record<string, readonly [number, string]>>,
): MetricLine => ({
  _aws: {
    Timestamp: 0,
    CloudWatchMetrics: [
      {
        Namespace: '',
        Dimensions: [Object.keys(dimensions), []],
        Metrics: Object.entries(metrics).map(([Name, [, Unit]]) => ({ Name, Unit })),
      },
    ],
  },
  ...dimensions,
  ...Object.fromEntries(Object.entries(metrics).map(([name, [value]]) => [name, value])),
});

const samplesIn = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

it('has gauges of the last run alone, and counts what happened in all', () => {
  const exposition = makeExposition();
  const at = (LoadBalancer: string) => ({ Function: 'run', LoadBalancer });
  exposition.observe([
    lineOf({ Function: 'run' }, { RunDuration: [120, 'Milliseconds'], LastSuccess: [7, 'Seconds'] }),
    lineOf(at('unix:/a'), { Added: [2, 'Count'], Failed: [0, 'Count'] }),
    lineOf(at('unix:/b'), { Added: [1, 'Count'], Failed: [0, 'Count'] }),
  ]);
  exposition.observe([
    lineOf({ Function: 'run' }, { RunDuration: [80, 'Milliseconds'] }),
    lineOf(at('unix:/a'), { Added: [3, 'Count'], Failed: [1, 'Count'] }),
  ]);
  expect(samplesIn(exposition.text())).toEqual([
    'iri_lb_run_duration_seconds 0.08',
    'iri_lb_failed{load_balancer="unix:/a"} 1',
    // A run that failed does not take away when one succeeded.
    'iri_lb_last_success_seconds 7',
    'iri_lb_added_total{load_balancer="unix:/a"} 5',
    'iri_lb_added_total{load_balancer="unix:/b"} 1',
  ]);
});

it('says of each name once what it is, and shows any label', () => {
  const exposition = makeExposition();
  const labels = { service: 'a"b\\c\nd' };
  const more = [1, 0].map((value) => ({
    name: 'iri_lb_watched',
    type: 'gauge' as const,
    help: 'Whether it is\nwatched',
    labels: value === 1 ? labels : { service: 'web' },
    value,
  }));
  expect(exposition.text(more)).toBe(
    '# HELP iri_lb_watched Whether it is\\nwatched\n' +
      '# TYPE iri_lb_watched gauge\n' +
      'iri_lb_watched{service="a\\"b\\\\c\\nd"} 1\n' +
      'iri_lb_watched{service="web"} 0\n',
  );
});
