// What a watch was answered takes the place of a run's first read, where it is whole and still what Consul has.
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
const sending = (decode: () => ServiceAnswer): ComingRows =>
  Promise.resolve({ decode, newest: Promise.resolve('7') });

const TOLD = sending(() => told);

interface Consul {
  readonly nowMs?: number;
}

function client(rows: ComingRows, { nowMs = 100 }: Consul = {}) {
  const asked: string[] = [];
  const own = {
    async readService(service, { consistent = false } = {}) {
      asked.push(consistent ? `${service} of a quorum` : service);
      return answer('9');
    },
  } as Partial<ConsulClient> as ConsulClient;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined };
  return { asked, of: withToldRows(own, { service: 'web', rows, atMs: 100 }, clock) };
}

describe('told rows', () => {
  it('are taken by the first read of their service, and by no other', async () => {
    const { of, asked } = client(TOLD);
    expect((await of.readService('api')).index).toBe('9');
    expect(await of.readService('web', { minIndex: '7' })).toMatchObject(told);
    expect((await of.readService('web')).index).toBe('9');
    expect(asked).toEqual(['api', 'web']);
  });

  it('come with the index that was asked for right after them, and what is read does not', async () => {
    const { of } = client(TOLD);
    expect(await (await of.readService('web')).newest).toBe('7');
    expect(await of.readService('web')).not.toHaveProperty('newest');
  });

  it('are not what a quorum says', async () => {
    const { of, asked } = client(TOLD);
    await of.readService('web', { consistent: true });
    expect(asked).toEqual(['web of a quorum']);
  });

  it.each<[string, ComingRows, Consul]>([
    ['that were told more than 20 ms ago', TOLD, { nowMs: 121 }],
    ['that did not come', Promise.resolve(undefined), {}],
    ['that are still coming after a quarter of a second', new Promise(() => {}), {}],
    [
      'that are none',
      sending(() => {
        throw new Error('not JSON');
      }),
      {},
    ],
    [
      'of a server that has not heard of the leader',
      sending(() => answer('7', { lastContactMs: 5_001 })),
      {},
    ],
  ])('%s are asked for again', async (_what, rows, now) => {
    const { of, asked } = client(rows, { nowMs: 120, ...now });
    const { index } = await of.readService('web');
    expect({ index, asked }).toEqual({ index: '9', asked: ['web'] });
  });
});
