// The history in memory: what it keeps, for how long, and which time it speaks of.
import { describe, expect, it } from 'vitest';
import { makeHistory } from '../../../lib/run/history/history.js';
import { changed, report } from './facts.js';

const START = Date.parse('2026-11-28T02:00:00.000Z');
const MINUTE = 60_000;

function rig(options: { readonly everyMs?: number } = {}) {
  let now = START;
  const warnings: string[] = [];
  const history = makeHistory({
    clock: { wallMs: () => now },
    warn: (message) => warnings.push(message),
    who: { build: '0.1.0 abc', configuration: '0123456789ab' },
    ...options,
  });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { history, warnings, pass };
}

describe('the history in memory', () => {
  it('has what was reported, with trigger and lag, and tells whoever subscribed', () => {
    const { history, pass } = rig();
    const told: string[] = [];
    const unsubscribe = history.subscribe(({ kind }) => told.push(kind));
    pass(1_500);
    history.report(report({ changes: [changed('irisrv1')] }), { trigger: 'watch', lagMs: 12 });
    unsubscribe();
    history.report(report({ changes: [changed('irisrv2')] }), { trigger: 'resync' });
    const { events, cover } = history.since(START);
    expect(events).toMatchObject([
      {
        version: 1,
        at: '2026-11-28T02:00:01.500Z',
        kind: 'change',
        loadBalancer: 'tcp://lb1:9000',
        slot: 'irisrv1',
        result: 'done',
        trigger: 'watch',
        lag: { ms: 12, from: 'blocking-query' },
      },
      { slot: 'irisrv2', trigger: 'resync' },
    ]);
    expect(events[1]).not.toHaveProperty('lag');
    expect(told).toEqual(['change']);
    expect(cover).toEqual({ from: '2026-11-28T02:00:00.000Z', until: '2026-11-28T02:00:01.500Z', gaps: [] });
  });

  it('keeps the last 10,000, by packs of 250, and says that it knows of nothing before', () => {
    const { history, pass } = rig();
    for (let at = 0; at < 10_503; at += 1) {
      pass(1);
      history.report(report({ changes: [changed(`irisrv${at}`)] }), { trigger: 'resync' });
    }
    const { events, cover } = history.since(0);
    expect(events.length).toBeGreaterThanOrEqual(10_000);
    expect(events.length).toBeLessThan(10_250);
    // Each once, in order, up to the last; `started` was the first of all.
    const slots = events.map((event) => ('slot' in event ? event.slot : ''));
    expect(slots).toEqual(slots.map((_, at) => `irisrv${10_503 - slots.length + at}`));
    expect(cover.from).toBe(events[0]?.at);
    expect(history.since(START + 10_503).events).toHaveLength(1);
  });

  it('covers the time in which runs find nothing, and not that in which none runs', () => {
    const { history, pass } = rig();
    for (let minute = 0; minute < 5; minute += 1) {
      pass(MINUTE);
      history.report(report({}), { trigger: 'resync' });
    }
    expect(history.since(0).cover).toMatchObject({ until: '2026-11-28T02:05:00.000Z', gaps: [] });
    pass(10 * MINUTE);
    expect(history.since(0).cover.until).toBe('2026-11-28T02:05:00.000Z');
    history.report(report({}), { trigger: 'resync' });
    expect(history.since(0)).toMatchObject({
      events: [],
      cover: {
        until: '2026-11-28T02:15:00.000Z',
        gaps: [
          { from: '2026-11-28T02:05:00.000Z', until: '2026-11-28T02:15:00.000Z', reason: 'nothing ran' },
        ],
      },
    });
  });

  it('knows how long it may take until the next run', () => {
    const { history, pass } = rig({ everyMs: 10 * MINUTE });
    pass(9 * MINUTE);
    expect(history.since(0).cover.until).toBe('2026-11-28T02:09:00.000Z');
    pass(MINUTE);
    history.report(report({}), { trigger: 'resync' });
    expect(history.since(0).cover.gaps).toEqual([]);
  });

  it('has no name of any length', () => {
    const { history } = rig();
    const instance = 'n'.repeat(100_000);
    history.report(report({ changes: [changed('irisrv1', { instance })] }), { trigger: 'resync' });
    expect(history.since(0).events).toMatchObject([{ instance: `${'n'.repeat(1_000)}…` }]);
  });

  it('is not confused by a clock that is set back', () => {
    const { history, pass } = rig();
    pass(-60 * MINUTE);
    history.report(report({ changes: [changed('irisrv1')] }), { trigger: 'resync' });
    expect(history.since(0).cover.gaps).toEqual([]);
  });

  it('tells that another configuration was read', () => {
    const { history } = rig();
    history.identify({ build: '0.1.0 abc', configuration: '0123456789ab' });
    history.identify({ build: '0.1.0 abc', configuration: 'ffffffffffff' });
    expect(history.since(0).events).toMatchObject([
      { kind: 'configuration-changed', before: '0123456789ab', after: 'ffffffffffff' },
    ]);
  });
});
