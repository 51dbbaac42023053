// What a running `iri-lb run` says of itself: when it is well, what it counts, and what systemd shows.
import { describe, expect, it } from 'vitest';
import type { MadeChange } from '../../lib/model/change.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';
import type { Trigger } from '../../lib/run/daemon/loop.js';
import { type Around, makeRunState } from '../../lib/run/daemon/state.js';

const RESYNC_MS = 60_000;
const TRIGGER: Trigger = { cause: 'resync', atMs: 0 };
const AROUND: Around = { watches: [{ service: 'web', error: null }], loadBalancers: [], contested: [] };
const server = { address: '10.0.0.1', port: 80, weight: 1, maxconn: 0, state: 'ready' } as const;
const CHANGE: MadeChange = {
  backend: 'web',
  slot: 'web1',
  instance: 'n/web',
  action: 'add',
  before: { ...server, state: 'maintenance' },
  after: server,
  reason: '',
  result: 'done',
};

const reportOf = (
  outcome: LoadBalancerReport['outcome'],
  more: Partial<LoadBalancerReport> = {},
): Report => ({
  version: 1,
  consul: { index: '1', instances: 1, warnings: [] },
  problems: [],
  loadBalancers: [
    { address: 'unix:/a', outcome, changes: [], pools: [], warnings: [], problems: [], ...more },
  ],
  durationMs: 7,
});

function rig() {
  let now = Date.UTC(2026, 0, 1);
  const state = makeRunState({
    clock: { wallMs: () => now, monotonicMs: () => now },
    resyncMs: RESYNC_MS,
    fingerprint: 'f00d',
  });
  return {
    state,
    later: (ms: number): void => {
      now += ms;
    },
    now: () => now,
    health: () => state.health(AROUND),
    metric: (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(state.metrics(AROUND))?.[1],
  };
}

describe('the state of a run', () => {
  it('is well for three resync intervals without a success, and no longer', () => {
    const { state, later, health, metric } = rig();
    state.finished(reportOf('unchanged'), TRIGGER, 9);
    for (let run = 0; run < 2; run += 1) {
      later(RESYNC_MS);
      state.finished(reportOf('failed', { error: 'haproxy unix:/a: gone' }), TRIGGER, 9);
      expect(health()).toMatchObject({ ok: true, failing: { errors: ['haproxy unix:/a: gone'] } });
    }
    later(RESYNC_MS);
    state.failed('consul: away', TRIGGER);
    expect(health()).toMatchObject({
      ok: false,
      lastSuccess: '2026-01-01T00:00:00.000Z',
      failing: { since: '2026-01-01T00:01:00.000Z', errors: ['consul: away'] },
      lastRun: { outcome: 'failed', cause: 'resync' },
    });
    expect(metric('iri_lb_healthy')).toBe('0');
    expect(metric('iri_lb_failed_runs_total')).toBe('3');
    expect(metric('iri_lb_last_success_seconds')).toBe(String(Date.UTC(2026, 0, 1) / 1_000));
    state.finished(reportOf('unchanged'), TRIGGER, 9);
    expect(health()).toMatchObject({ ok: true, failing: null });
  });

  it('is well where the guard holds something back: all was read and written', () => {
    const { state, later, health } = rig();
    for (let run = 0; run < 5; run += 1) {
      later(RESYNC_MS);
      state.finished(reportOf('guarded', { error: 'Consul lists no instance' }), TRIGGER, 9);
    }
    expect(health()).toMatchObject({ ok: true, failing: { errors: ['Consul lists no instance'] } });
  });

  it('counts what was done, and nothing that was only planned', () => {
    const { state, metric } = rig();
    state.finished(reportOf('changed', { changes: [CHANGE] }), TRIGGER, 9);
    state.finished(reportOf('planned', { changes: [{ ...CHANGE, result: 'planned' }] }), TRIGGER, 9);
    expect(metric('iri_lb_added_total{load_balancer="unix:/a"}')).toBe('1');
    expect(metric('iri_lb_runs_total')).toBe('2');
    expect(metric('iri_lb_build_info\\{.*configuration="f00d"\\}')).toBe('1');
  });

  it('tells systemd in one line how it goes', () => {
    const { state, now, later } = rig();
    expect(state.status()).toBe('starting');
    state.finished(reportOf('unchanged'), TRIGGER, 9);
    expect(state.status()).toBe('HAProxy is what Consul says');
    state.paused({ cause: 'file', sinceMs: now(), reason: 'moving house' });
    later(12 * 60_000);
    expect(state.status()).toBe('paused for 12 min: moving house; nothing is written');
    state.paused(undefined);
    state.rejected(['LB_CONFIG.pools: none\n']);
    state.failed('consul: away', TRIGGER);
    expect(state.status()).toBe(
      'configuration rejected: LB_CONFIG.pools: none\\u000a; failing: consul: away',
    );
    state.loaded('beef');
    expect(state.status()).toBe('failing: consul: away');
  });

  it('shows what was said in passing for five minutes', () => {
    const { state, later, health } = rig();
    state.said('the token read before is used on');
    expect(health().warnings).toEqual(['the token read before is used on']);
    later(6 * 60_000);
    expect(health().warnings).toEqual([]);
  });
});
