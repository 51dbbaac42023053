// A run's metrics as Prometheus reads them: the functions' own, by the same names and meanings. Pure but for what it sums up.
import type { MetricLine } from './metrics.js';

/** One metric with its labels. */
export interface Sample {
  /** `iri_lb_run_duration_seconds`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  /** Takes the lines of a run (`metricsOf`); those of the run before are replaced, and what is counted is added up. */
  observe(lines: readonly MetricLine[]): void;
  /** The text format, version 0.0.4, of all that was observed and of `more`. */
  text(more?: readonly Sample[]): string;
}

const PREFIX = 'iri_lb_';

/** What happens, as opposed to what is: it is counted on. */
const COUNTED = ['Added', 'Updated', 'Enabled', 'Disabled', 'Removed'];

const HELP: Readonly<Record<string, string>> = {
  Succeeded: 'Whether every load balancer was known, read, written and read back by the last run',
  LastSuccess: 'When a run did that last, in seconds since 1970',
  RunDuration: 'How long the last run took',
  StartToApplied: 'From the start of the last run that changed something until that was read back',
  Instances: 'Service instances that Consul listed',
  Added: 'Servers that were given to a newcomer',
  Updated: 'Servers whose settings were changed',
  Enabled: 'Servers that were made ready again',
  Disabled: 'Servers that were put into maintenance',
  Removed: 'Servers whose instance is gone',
  Guarded: 'Whether the guard held something back',
  Failed: 'Whether the load balancer could not be read, written or read back',
  SlotsInUse: 'Slots that somebody has',
  SlotsFree: 'Free slots of the range that has the fewest',
  Ready: 'Servers that are ready',
  Serving: 'Servers that requests reach',
  Held: 'Servers in drain, left to their operator',
  Unplaced: 'Instances without a server',
};

/** Of the function, of which there is none here. */
const DROPPED = 'Function';

export function makeExposition(): Exposition {
  const counters = new Map<string, Sample>();
  const kept = new Map<string, Sample>();
  let gauges: Sample[] = [];
  return {
    observe(lines) {
      const samples = lines.flatMap(samplesOf);
      gauges = samples.filter(({ type }) => type === 'gauge');
      // It is there after a run that failed, or changed nothing, too.
      for (const sample of gauges) if (KEPT.has(sample.name)) kept.set(sample.name, sample);
      for (const sample of samples) {
        if (sample.type !== 'counter') continue;
        const key = seriesOf(sample);
        counters.set(key, { ...sample, value: sample.value + (counters.get(key)?.value ?? 0) });
      }
    },
    text(more = []) {
      const fresh = new Set(gauges.map(({ name }) => name));
      const old = [...kept.values()].filter(({ name }) => !fresh.has(name));
      return printed([...more, ...gauges, ...old, ...counters.values()]);
    },
  };
}

const KEPT: ReadonlySet<string> = new Set([
  `${PREFIX}last_success_seconds`,
  `${PREFIX}start_to_applied_seconds`,
]);

interface Described {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [
      {
        readonly Dimensions: readonly [readonly string[]];
        readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
      },
    ];
  };
}

/** By the first set of dimensions, which is the whole one; sums over it are Prometheus's own business. */
function samplesOf(line: MetricLine): Sample[] {
  const [{ Dimensions, Metrics }] = (line as unknown as Described)._aws.CloudWatchMetrics;
  const names = Dimensions[0].filter((name) => name !== DROPPED);
  const labels = Object.fromEntries(names.map((name) => [snake(name), String(line[name])]));
  return Metrics.map(({ Name, Unit }): Sample => {
    const isCounted = COUNTED.includes(Name);
    const [suffix, divisor] =
      Unit === 'Milliseconds' ? ['_seconds', 1_000] : Unit === 'Seconds' ? ['_seconds', 1] : ['', 1];
    return {
      name: `${PREFIX}${snake(Name)}${isCounted ? '_total' : suffix}`,
      type: isCounted ? 'counter' : 'gauge',
      help: HELP[Name] ?? Name,
      labels,
      value: Number(line[Name]) / divisor,
    };
  });
}

const snake = (name: string): string => name.replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase();

/** Samples of one name stand together, under one head (Prometheus, "Exposition formats"). */
function printed(samples: readonly Sample[]): string {
  const byName = new Map<string, Sample[]>();
  for (const sample of samples) byName.set(sample.name, [...(byName.get(sample.name) ?? []), sample]);
  return [...byName]
    .flatMap(([name, all]) => [
      `# HELP ${name} ${(all[0]?.help ?? '').replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${name} ${all[0]?.type ?? 'gauge'}`,
      ...all.map((sample) => `${seriesOf(sample)} ${sample.value}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function seriesOf({ name, labels = {} }: Sample): string {
  const shown = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return shown.length === 0 ? name : `${name}{${shown.join(',')}}`;
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
