// What is found from one run or look to the next, and what is not told although it differs.
import { describe, expect, it } from 'vitest';
import type { Happening, HistoryEvent } from '../../../lib/model/history.js';
import type { LoadBalancerReport } from '../../../lib/model/report.js';
import { makeFinder } from '../../../lib/run/history/find-events.js';
import { changed, held, LB, look, report, server, settings } from './facts.js';

const AT = Date.parse('2026-11-28T02:00:00.000Z');
const place = { loadBalancer: LB, backend: 'iri_back', slot: 'irisrv1', instance: 'n1/iri-1' };
const up = server('irisrv1');
const down = server('irisrv1', { status: 'DOWN' });

/** Finds, with a minute between two things that are found. */
function finderByMinutes() {
  const finder = makeFinder();
  let atMs = AT;
  const next = (): number => {
    atMs += 60_000;
    return atMs;
  };
  return {
    finder,
    report: (...args: Parameters<typeof report>): Happening[] =>
      finder.ofReport(report(...args), { trigger: 'resync' }, next()),
    look: (seen: Omit<Parameters<typeof look>[0], 'atMs'>): Happening[] =>
      finder.ofLook(look({ ...seen, atMs: next() })),
    now: (): string => new Date(atMs).toISOString(),
  };
}

const kept = (event: Happening, at = '2026-11-28T01:00:00.000Z'): HistoryEvent => ({
  version: 1,
  at,
  ...event,
});
const consulDown = (text = 'consul: no leader'): Partial<LoadBalancerReport> => ({
  error: text,
  problems: [
    { code: 'consul-failed', service: 'iri', detail: text, nextStep: '', level: 'error', text },
  ] as unknown as LoadBalancerReport['problems'],
});

describe('runs', () => {
  it('tell their changes with result and error', () => {
    const { report } = finderByMinutes();
    const failed = changed('irisrv2', { result: 'failed', error: 'HAProxy said "no"' });
    expect(report({ changes: [changed('irisrv1'), failed] })).toEqual([
      { kind: 'change', ...changed('irisrv1'), loadBalancer: LB, trigger: 'resync' },
      { kind: 'change', ...failed, loadBalancer: LB, trigger: 'resync' },
    ]);
  });

  it('that fail are told of once, again for another reason, and when they are well', () => {
    const run = finderByMinutes();
    const fail = (error: string) => run.report({ error });
    expect(fail('refused after 12 ms')).toEqual([
      { kind: 'runs-failing', loadBalancer: LB, errors: ['refused after 12 ms'] },
    ]);
    const since = run.now();
    expect(fail('refused after 14 ms')).toEqual([]);
    expect(fail('in use by somebody')).toMatchObject([{ kind: 'runs-failing' }]);
    expect(run.report({})).toEqual([{ kind: 'runs-well', loadBalancer: LB, since }]);
    expect(run.report({})).toEqual([]);
  });

  it('that lose Consul are told of as that, once for all load balancers', () => {
    const run = finderByMinutes();
    expect(run.report(consulDown(), { index: '0' })).toEqual([
      { kind: 'consul-lost', error: 'consul: no leader' },
    ]);
    const since = run.now();
    expect(run.report(consulDown('consul: refused'), { index: '0' })).toEqual([]);
    // Nobody asked it: the load balancer was down.
    expect(run.report({ error: 'haproxy: refused' }, { index: '0' })).toMatchObject([
      { kind: 'runs-failing' },
    ]);
    expect(run.report({})).toEqual([
      { kind: 'consul-back', since },
      { kind: 'runs-well', loadBalancer: LB, since: run.now().replace('04:00', '03:00') },
    ]);
  });

  it('without a report are told of, too', () => {
    const { finder, report } = finderByMinutes();
    report({});
    expect(finder.ofFailure('no load balancer is known', AT)).toEqual([
      { kind: 'runs-failing', errors: ['no load balancer is known'] },
    ]);
    expect(report({})).toEqual([{ kind: 'runs-well', since: '2026-11-28T02:00:00.000Z' }]);
  });

  it('find who was drained and undrained, by name', () => {
    const run = finderByMinutes();
    expect(run.report({ pools: held({ irisrv3: 'n3/iri-1' }) })).toEqual([
      { kind: 'drained', ...place, slot: 'irisrv3', instance: 'n3/iri-1', already: true },
    ]);
    expect(run.report({ pools: held({ irisrv3: 'n3/iri-1', irisrv1: 'n1/iri-1' }) })).toEqual([
      { kind: 'drained', ...place },
    ]);
    // It could not be read: nothing is known of it.
    expect(run.report({ pools: [] })).toEqual([]);
    expect(run.report({ pools: held({ irisrv3: 'n3/iri-1' }) })).toEqual([{ kind: 'undrained', ...place }]);
  });

  it('that an event was covered by tell nothing', () => {
    const { finder } = finderByMinutes();
    finder.ofReport(report(consulDown(), { index: '0' }), {}, AT);
    expect(finder.ofReport({ ...report({}), covered: true }, {}, AT)).toEqual([]);
  });

  it('have no text of any length', () => {
    const { report } = finderByMinutes();
    const [event] = report({ error: `\u001b[2J${'x'.repeat(10_000)}` });
    expect(event).toMatchObject({ errors: [expect.stringMatching(/^\\u001b\[2Jx{400,500}…$/)] });
  });
});

describe('looks', () => {
  it('find DOWN and UP by HAProxy, with its words and its time', () => {
    const { look } = finderByMinutes();
    look({ servers: [up] });
    const check = { status: '* L4CON', words: 'Connection refused' };
    expect(look({ servers: [down], details: { irisrv1: { sinceSeconds: 20, check } } })).toEqual([
      {
        kind: 'server-down',
        ...place,
        status: 'DOWN',
        check: 'L4CON: Connection refused',
        since: '2026-11-28T02:01:40.000Z',
      },
    ]);
    expect(look({ servers: [down] })).toEqual([]);
    expect(look({ servers: [server('irisrv1', { status: 'UP 1/3' })] })).toEqual([
      { kind: 'server-up', ...place, status: 'UP 1/3' },
    ]);
  });

  it('find who was DOWN before anybody looked, once', () => {
    const { look } = finderByMinutes();
    const first = look({ servers: [down] });
    expect(first).toEqual([{ kind: 'server-down', ...place, status: 'DOWN', already: true }]);
    expect(look({ servers: [down] })).toEqual([]);
    const later = makeFinder();
    for (const event of first) later.recall(kept(event));
    expect(later.ofLook({ ...lookAt(AT, [down]) })).toEqual([]);
    expect(later.ofLook({ ...lookAt(AT + 1, [up]) })).toEqual([
      { kind: 'server-up', ...place, status: 'UP' },
    ]);
  });

  it('are silent about the check of who is in maintenance', () => {
    const { look, report } = finderByMinutes();
    look({ servers: [down] });
    const change = changed('irisrv1', {
      action: 'disable',
      before: settings(),
      after: settings({ state: 'maintenance' }),
    });
    report({ changes: [change] });
    expect(look({ servers: [server('irisrv1', { state: 'maintenance', status: 'MAINT' })] })).toEqual([]);
    report({ changes: [{ ...change, action: 'enable', before: change.after, after: change.before }] });
    expect(look({ servers: [up] })).toEqual([]);
  });

  it('find what somebody else changed, and not what a run did', () => {
    const { look, report } = finderByMinutes();
    look({ servers: [up] });
    const heavier = server('irisrv1', { weight: 5 });
    report({
      changes: [changed('irisrv1', { action: 'update', before: settings(), after: settings({ weight: 5 }) })],
    });
    expect(look({ servers: [heavier] })).toEqual([]);
    expect(look({ servers: [server('irisrv1', { weight: 9 })] })).toEqual([
      {
        kind: 'changed-elsewhere',
        ...place,
        before: settings({ weight: 5 }),
        after: settings({ weight: 9 }),
      },
    ]);
    expect(look({ servers: [server('irisrv1', { weight: 9 })] })).toEqual([]);
  });

  it('find what somebody else changed and a run put right before anybody looked', () => {
    const { look, report } = finderByMinutes();
    look({ servers: [up] });
    const before = settings({ state: 'maintenance' });
    report({ changes: [changed('irisrv1', { action: 'enable', before, after: settings() })] });
    expect(look({ servers: [up] })).toEqual([
      { kind: 'changed-elsewhere', ...place, before: settings(), after: before },
    ]);
    expect(look({ servers: [up] })).toEqual([]);
  });

  it('call a drain a drain, and no change by somebody else', () => {
    const { look } = finderByMinutes();
    look({ servers: [up] });
    const draining = server('irisrv1', { state: 'drain', status: 'DRAIN' });
    const drained = look({ servers: [draining], held: { irisrv1: 'n1/iri-1' } });
    expect(drained).toEqual([{ kind: 'drained', ...place }]);
    expect(look({ servers: [up] })).toEqual([{ kind: 'undrained', ...place }]);
  });

  it('leave weight and state to an agent-check', () => {
    const { look } = finderByMinutes();
    const agent = { hasAgent: true } as const;
    look({ servers: [server('irisrv1', agent)] });
    expect(look({ servers: [server('irisrv1', { ...agent, weight: 3, state: 'maintenance' })] })).toEqual([]);
    expect(look({ servers: [server('irisrv1', { ...agent, weight: 3, maxconn: 5 })] })).toMatchObject([
      { kind: 'changed-elsewhere', after: { maxconn: 5 } },
    ]);
  });

  it('know nothing of a slot whose change failed half way', () => {
    const { look, report } = finderByMinutes();
    look({ servers: [up] });
    report({
      changes: [
        changed('irisrv1', {
          before: settings(),
          after: settings({ weight: 5, maxconn: 3 }),
          result: 'failed',
        }),
      ],
    });
    expect(look({ servers: [server('irisrv1', { weight: 5 })] })).toEqual([]);
  });

  it('that are older than a run say nothing about what it left', () => {
    const { finder } = finderByMinutes();
    finder.ofLook(lookAt(AT, [up]));
    const before = settings();
    const change = changed('irisrv1', { action: 'update', before, after: settings({ weight: 5 }) });
    finder.ofReport(report({ changes: [change] }), {}, AT + 2_000);
    expect(finder.ofLook(lookAt(AT + 1_000, [up]))).toEqual([]);
    expect(finder.ofLook(lookAt(AT + 3_000, [server('irisrv1', { weight: 5 })]))).toEqual([]);
  });

  it('find that HAProxy was restarted, and blame nobody for what it forgot', () => {
    const { look, report } = finderByMinutes();
    look({ servers: [down] });
    const before = settings({ address: null, port: 0, state: 'maintenance' });
    report({ changes: [changed('irisrv1', { before, after: settings() })] });
    expect(look({ servers: [down], pid: 8, startedAt: 2_000 })).toEqual([
      {
        kind: 'haproxy-restarted',
        loadBalancer: LB,
        haproxy: '3.0.1',
        pid: 8,
        since: '1970-01-01T00:33:20.000Z',
      },
      { kind: 'server-down', ...place, status: 'DOWN', already: true },
    ]);
    // In a container every process has the same number.
    expect(look({ servers: [up], pid: 8, startedAt: 2_060 })).toMatchObject([
      { kind: 'haproxy-restarted', pid: 8 },
    ]);
  });

  it('that meet an older process at the same address say nothing', () => {
    const { look } = finderByMinutes();
    look({ servers: [up], pid: 8, startedAt: 2_000 });
    expect(look({ servers: [server('irisrv1', { weight: 7 })], pid: 7, startedAt: 1_000 })).toEqual([]);
    expect(look({ servers: [up], pid: 8, startedAt: 2_001 })).toEqual([]);
  });

  it('tell of Consul, too', () => {
    const { finder } = finderByMinutes();
    const { catalogView: _none, ...without } = lookAt(AT, [up]);
    expect(finder.ofLook({ ...without, consulError: 'consul: no leader' })).toMatchObject([
      { kind: 'consul-lost' },
    ]);
    expect(finder.ofLook(lookAt(AT, [up]))).toEqual([
      { kind: 'consul-back', since: '2026-11-28T02:00:00.000Z' },
    ]);
  });
});

function lookAt(atMs: number, servers: Parameters<typeof look>[0]['servers']) {
  return look({ atMs, servers });
}

describe('what was kept before', () => {
  it('is known: who is held, who is DOWN, what fails, which configuration', () => {
    const finder = makeFinder();
    const events: Happening[] = [
      { kind: 'drained', ...place },
      { kind: 'runs-failing', loadBalancer: LB, errors: ['refused'] },
      { kind: 'consul-lost', error: 'no leader' },
      { kind: 'version-changed', before: '1', after: '2' },
    ];
    for (const event of events) finder.recall(kept(event));
    finder.recall({
      version: 1,
      at: '2026-11-28T01:30:00.000Z',
      kind: 'started',
      what: 'process',
      build: '3',
      configuration: 'a',
    });
    const since = '2026-11-28T01:00:00.000Z';
    expect(finder.ofIdentity({ build: '3', configuration: 'b' })).toEqual([
      { kind: 'configuration-changed', before: 'a', after: 'b' },
    ]);
    expect(finder.ofReport(report({ pools: held({ irisrv1: 'n1/iri-1' }) }), {}, AT)).toEqual([
      { kind: 'consul-back', since },
      { kind: 'runs-well', loadBalancer: LB, since },
    ]);
    expect(finder.ofReport(report({}), {}, AT)).toEqual([{ kind: 'undrained', ...place }]);
  });

  it('does not say what servers were set to: nobody looked since', () => {
    const finder = makeFinder();
    const { result, ...change } = changed('irisrv1');
    finder.recall(kept({ kind: 'change', loadBalancer: LB, ...change, result }));
    expect(finder.ofLook(lookAt(AT, [server('irisrv1', { weight: 9 })]))).toEqual([]);
  });
});
