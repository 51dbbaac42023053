// Who is contested: a process whose own write is undone twice in ten minutes, on one server and field.
import { describe, expect, it } from 'vitest';
import type { MadeChange } from '../../lib/model/change.js';
import { sentenceOf } from '../../lib/model/problem.js';
import type { Report } from '../../lib/model/report.js';
import type { ServerSettings } from '../../lib/model/server.js';
import { contestedProblem, makeContest } from '../../lib/run/daemon/contest.js';

const BASE: ServerSettings = { address: '10.0.0.1', port: 80, weight: 1, maxconn: 5, state: 'ready' };
const MINUTE = 60_000;

function rig() {
  let now = 1_000;
  let pid = 1;
  const contest = makeContest(() => now);
  return {
    contest,
    later: (ms: number): void => {
      now += ms;
    },
    restart: (): void => {
      pid += 1;
    },
    /** A run that changed the server from one to the other. */
    wrote(
      before: Partial<ServerSettings>,
      after: Partial<ServerSettings>,
      result: MadeChange['result'] = 'done',
    ) {
      const change: MadeChange = {
        backend: 'web',
        slot: 'web1',
        instance: 'n/web',
        action: 'update',
        before: { ...BASE, ...before },
        after: { ...BASE, ...after },
        reason: '',
        result,
      };
      const report: Report = {
        version: 1,
        consul: { index: '1', instances: 1, warnings: [] },
        problems: [],
        loadBalancers: [
          {
            address: 'unix:/a',
            outcome: 'changed',
            changes: [change],
            pools: [],
            warnings: [],
            problems: [],
          },
        ],
        durationMs: 1,
      };
      contest.note(report, () => pid);
    },
  };
}

describe('a contested setting', () => {
  it('is one whose own write was undone twice, told with both values', () => {
    const { contest, wrote, later } = rig();
    wrote({ maxconn: 9 }, { maxconn: 5 });
    wrote({ maxconn: 9 }, { maxconn: 5 });
    expect(contest.found()).toEqual([]);
    later(MINUTE);
    wrote({ maxconn: 7 }, { maxconn: 5 });
    const [found, ...others] = contest.found();
    expect(others).toEqual([]);
    expect(found).toEqual({
      loadBalancer: 'unix:/a',
      backend: 'web',
      slot: 'web1',
      field: 'maxconn',
      ours: '5',
      theirs: '7',
      sinceMs: 1_000,
    });
    expect(found && sentenceOf(contestedProblem(found))).toBe(
      'web/web1: somebody else sets its maxconn to 7 whenever it is set to 5 here; see which other run or script ' +
        'writes there, and give all of them one version and configuration',
    );
  });

  it('is none where Consul changed its mind twice', () => {
    const { contest, wrote } = rig();
    for (const [from, to] of [
      [1, 2],
      [2, 1],
      [1, 2],
      [2, 1],
    ] as const)
      wrote({ weight: from }, { weight: to });
    expect(contest.found()).toEqual([]);
  });

  it('is none where a restart undid it', () => {
    const { contest, wrote, restart } = rig();
    for (let round = 0; round < 4; round += 1) {
      wrote({ state: 'maintenance' }, { state: 'ready' });
      restart();
    }
    expect(contest.found()).toEqual([]);
  });

  it('is none where the writes never got there', () => {
    const { contest, wrote } = rig();
    for (let round = 0; round < 4; round += 1) wrote({ weight: 1 }, { weight: 2 }, 'failed');
    expect(contest.found()).toEqual([]);
  });

  it('is forgotten ten minutes later', () => {
    const { contest, wrote, later } = rig();
    for (let round = 0; round < 3; round += 1) wrote({ weight: 1 }, { weight: 2 });
    expect(contest.found()).toHaveLength(1);
    later(11 * MINUTE);
    expect(contest.found()).toEqual([]);
  });
});
