// Who is said to keep the fleet so: by the lines of functions, and by what a local run says of itself.
import { describe, expect, it } from 'vitest';
import { functionsRun } from '../../lib/cli/who-runs.js';
import { parseLocalRun } from '../../lib/run/local-run.js';
import { whoRuns } from '../../lib/run/who-runs.js';

const line = (atMs: number, fields: object) => ({
  id: String(atMs),
  atMs,
  text: JSON.stringify({ functionName: 'iri-lb-resync', errors: [], ...fields }),
});

describe('by the lines of functions', () => {
  it('the last run that was whole is named, and what the last of all failed of', () => {
    const records = [
      line(3_000, { message: 'run failed', errors: ['consul: no token'] }),
      line(1_000, { message: 'run unchanged', outcome: 'unchanged' }),
      line(2_000, { message: 'run guarded', outcome: 'guarded', errors: ['web: 3 ready servers kept'] }),
      line(2_500, { message: 'add web/web1', outcome: 'changed' }),
      { id: 'x', atMs: 4_000, text: 'REPORT RequestId: 1' },
    ];
    expect(functionsRun(records)).toEqual({
      lastRun: expect.objectContaining({ endedAtMs: 2_000, by: 'function iri-lb-resync' }),
      runs: { state: 'failing', detail: 'consul: no token' },
    });
  });

  it('they go where the last one went well, and none goes where none is logged', () => {
    expect(functionsRun([line(1, { message: 'run changed', outcome: 'changed' })]).runs).toEqual({
      state: 'going',
    });
    expect(functionsRun([])).toEqual({ lastRun: null, runs: { state: 'none' } });
  });
});

describe('by the local run', () => {
  const said = (more: object) => {
    const run = parseLocalRun('http://127.0.0.1:8402', {
      ...{ version: 1, program: 'iri-lb run', pid: 1, lastSuccess: '2026-01-01T00:00:00.000Z' },
      ...more,
    });
    if (!run) throw new Error('it is no run');
    return whoRuns(run, Date.parse('2026-01-01T00:12:00.000Z'));
  };

  it('a brake is told with its reason before anything else', () => {
    const paused = { cause: 'file', since: '2026-01-01T00:00:00.000Z', reason: 'new switch' };
    expect(said({ paused, failing: { since: paused.since, errors: ['x'] } })).toEqual({
      lastRun: { endedAtMs: Date.parse('2026-01-01T00:00:00.000Z'), by: 'the local run' },
      runs: { state: 'paused', detail: 'paused for 12 min: new switch' },
    });
  });

  it('what it fails of, and that it goes', () => {
    const failing = { since: '2026-01-01T00:00:00.000Z', errors: ['no leader'] };
    expect(said({ failing }).runs).toEqual({ state: 'failing', detail: 'no leader' });
    expect(said({}).runs).toEqual({ state: 'going' });
  });
});
