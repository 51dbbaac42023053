// What a watch was answered takes the place of a run's first read, where it is young, whole and new enough.
import { describe, expect, it } from 'vitest';
import type { ServiceAnswer } from '../../lib/consul/answers.js';
import type { ConsulClient } from '../../lib/consul/client.js';
import { type ComingRows, withToldRows } from '../../lib/consul/told-rows.js';

const answer = (index: string, more: Partial<ServiceAnswer> = {}): ServiceAnswer => ({
  rows: [index],
  index,
  lastContactMs: 0,
  filtered: false,
  ...more,
});

const told = answer('7');
const TOLD: ComingRows = Promise.resolve(() => told);

function client(rows: ComingRows, { atMs = 100, nowMs = 100 } = {}) {
  const asked: string[] = [];
  const own = {
    async readService(service, { consistent = false } = {}) {
      asked.push(consistent ? `${service} of a quorum` : service);
      return answer('9');
    },
  } as Partial<ConsulClient> as ConsulClient;
  const slept: number[] = [];
  const clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => void slept.push(ms),
  };
  return { asked, slept, of: withToldRows(own, { service: 'web', rows, atMs }, clock) };
}

describe('told rows', () => {
  it('are taken by the first read of their service, and by no other', async () => {
    const { of, asked } = client(TOLD);
    expect((await of.readService('api')).index).toBe('9');
    expect(await of.readService('web', { minIndex: '7' })).toBe(told);
    expect((await of.readService('web')).index).toBe('9');
    expect(asked).toEqual(['api', 'web']);
  });

  it('are not what a quorum says', async () => {
    const { of, asked } = client(TOLD);
    await of.readService('web', { consistent: true });
    expect(asked).toEqual(['web of a quorum']);
  });

  it.each<[string, ComingRows, { nowMs?: number; minIndex?: string }]>([
    ['older than 20 ms', TOLD, { nowMs: 121 }],
    ['older than what is wanted', TOLD, { minIndex: '8' }],
    ['that did not come', Promise.resolve(undefined), {}],
    ['that are still coming after a quarter of a second', new Promise(() => {}), {}],
    [
      'that are none',
      Promise.resolve(() => {
        throw new Error('not JSON');
      }),
      {},
    ],
    [
      'of a server that has not heard of the leader',
      Promise.resolve(() => answer('7', { lastContactMs: 5_001 })),
      {},
    ],
  ])('%s are asked for again', async (_what, rows, { nowMs = 120, minIndex }) => {
    const { of, asked } = client(rows, { nowMs });
    const { index } = await of.readService('web', minIndex === undefined ? {} : { minIndex });
    expect({ index, asked }).toEqual({ index: '9', asked: ['web'] });
  });
});
