// The alarms and the dashboard: each alarm tells somebody, and says where to read what to do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf } from '../../infra/stack/alarms.js';
import { exampleSettings, propertiesOf, root, synthesise } from './example.js';

const settings = exampleSettings();
const made = synthesise(settings);
const alarms = propertiesOf(made, 'AWS::CloudWatch::Alarm') as unknown as readonly Alarm[];

interface Alarm {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly string[];
  readonly OKActions: readonly string[];
  readonly TreatMissingData: string;
}

describe('alarms', () => {
  it('are there for each function, each queue and each pool', () => {
    expect(alarms.map(({ AlarmName }) => AlarmName.replace(/^iri-lb-/, '')).sort()).toEqual(
      [
        'no-successful-resync',
        'watch-events-late',
        'schedule-undelivered',
        'failed-runs',
        ...['errors', 'guarded', 'throttles', 'duration', 'events-dropped'].flatMap((name) => [
          `${name}-of-watch`,
          `${name}-of-resync`,
        ]),
        ...['unplaced', 'slots-low', 'nobody-serves'].flatMap((name) => [
          `${name}-of-iri_back`,
          `${name}-of-iri_pow_back`,
        ]),
      ].sort(),
    );
  });

  it('tell the same people when they end as when they begin', () => {
    const topics: readonly string[] = [settings.alarms.urgentTopicArn, settings.alarms.otherTopicArn];
    for (const { AlarmActions, OKActions } of alarms) {
      expect(AlarmActions).toHaveLength(1);
      expect(topics).toContain(AlarmActions[0]);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  it('take silence for failure where success is expected every minute, and nowhere else', () => {
    const silent = alarms.filter(({ TreatMissingData }) => TreatMissingData === 'breaching');
    expect(silent.map(({ AlarmName }) => AlarmName)).toEqual(['iri-lb-no-successful-resync']);
  });

  it('link to an entry of the runbook that exists, and the runbook has no others', () => {
    const runbook = readFileSync(join(root, 'infra', 'runbook.md'), 'utf8');
    const entries = [...runbook.matchAll(/^## ([a-z-]+)$/gm)].map(([, name]) => name);
    const linked = alarms.map(({ AlarmDescription }) => /#([a-z-]+)$/.exec(AlarmDescription)?.[1]);
    expect([...new Set(linked)].sort()).toEqual([...entries].sort());
    for (const { AlarmDescription } of alarms)
      expect(AlarmDescription).toContain(`Runbook: ${settings.alarms.runbookUrl}#`);
  });

  it('of functions and pools share one entry', () => {
    expect(anchorOf('errors-of-watch')).toBe('errors');
    expect(anchorOf('failed-runs')).toBe('failed-runs');
  });
});

describe('the dashboard', () => {
  it('shows slots in use, ready, lag and errors', () => {
    const [dashboard] = propertiesOf(made, 'AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(dashboard?.DashboardBody);
    for (const backend of ['iri_back', 'iri_pow_back'])
      for (const what of ['ready', 'slots in use']) expect(body).toContain(`${backend}: ${what}`);
    for (const what of ['StartToApplied', 'AsyncEventAge', 'Errors', 'Throttles', 'RunDuration'])
      expect(body).toContain(what);
    expect(body).toContain('FILL(waited, 0) + applied');
    expect(body).toContain('{\\\\\\"IriLb/iri-lb\\\\\\",Backend,LoadBalancer}');
  });
});
