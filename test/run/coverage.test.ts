// Which events of the watch need a run, and which were dealt with.
import { describe, expect, test } from 'vitest';
import { parseRows } from '../../lib/consul/rows.js';
import type { Reading, ServiceListing, Source } from '../../lib/model/source.js';
import { parseWatchEvent } from '../../lib/model/watch-event.js';
import { makeCoverage } from '../../lib/run/coverage.js';
import { row } from '../simulation/row.js';

const read = (version: string, rows: unknown[] = [row()]): ServiceListing => ({
  service: 'iri',
  instances: parseRows('iri', rows).instances,
  absence: { believed: 'rights' },
  version,
});
const event = (index: string) => ({ service: 'iri', index });

const sourceOf = (next: () => ServiceListing): Source => ({
  read: async () => {
    const reading: Reading = {
      catalog: { services: [next()], problems: [] },
      look: async () => reading,
      hasMoved: async () => false,
    };
    return reading;
  },
});

/** Coverage after one run that read these, in turn. */
async function ranOn(clean: boolean, ...reads: ServiceListing[]) {
  const coverage = makeCoverage();
  const run = coverage.begin(sourceOf(() => reads.shift() ?? read('0')));
  const count = reads.length;
  for (let i = 0; i < count; i += 1) await run.source.read(['iri']);
  run.finished(clean);
  return coverage;
}

describe('an event', () => {
  test('is covered when a clean run acted on what Consul still says', async () => {
    const coverage = await ranOn(true, read('100'));
    for (const index of ['100', '99', '7']) {
      expect(coverage.mayCover(event(index))).toBe(true);
      expect(coverage.covers(event(index), read('100'))).toBe(true);
    }
  });

  test('is not covered in a fresh environment, after a failed run, or for another service', async () => {
    expect(makeCoverage().covers(event('1'), read('100'))).toBe(false);
    const failed = await ranOn(false, read('100'));
    expect([failed.mayCover(event('100')), failed.covers(event('100'), read('100'))]).toEqual([false, false]);
    const coverage = await ranOn(true, read('100'));
    expect(coverage.covers({ service: 'hornet', index: '1' }, read('100'))).toBe(false);
  });

  test('is not covered while a run goes on', async () => {
    const coverage = await ranOn(true, read('100'));
    coverage.begin(sourceOf(() => read('101')));
    expect(coverage.mayCover(event('100'))).toBe(false);
  });

  test('newer than the run is not covered, also past what a number holds', async () => {
    const coverage = await ranOn(true, read('9007199254740993'));
    expect(coverage.mayCover(event('9007199254740992'))).toBe(true);
    expect(coverage.mayCover(event('9007199254740994'))).toBe(false);
    expect(coverage.covers(event('9007199254740994'), read('9007199254740993'))).toBe(false);
  });

  test('is not covered when Consul says something newer', async () => {
    expect((await ranOn(true, read('100'))).covers(event('100'), read('101'))).toBe(false);
  });

  test('without an index is never covered: HAProxy may have lost everything', async () => {
    const coverage = await ranOn(true, read('100'));
    expect([coverage.mayCover(event('0')), coverage.covers(event('0'), read('100'))]).toEqual([false, false]);
  });

  test('of a Consul that lost its data is not covered, though its index is low', async () => {
    const coverage = await ranOn(true, read('100'));
    expect(coverage.covers(event('12'), read('12', []))).toBe(false);
  });

  test('of a Consul that lost its data and came to the same index is not covered', async () => {
    const coverage = await ranOn(true, read('100'));
    expect(coverage.covers(event('100'), read('100', [row({ id: 'iri-2' })]))).toBe(false);
  });

  test('is judged by the first read of the run: a load balancer may have acted on that one', async () => {
    const coverage = await ranOn(true, read('100'), read('101'));
    expect(coverage.covers(event('101'), read('101'))).toBe(false);
    expect(coverage.covers(event('100'), read('100'))).toBe(true);
  });
});

describe('the event of an invocation', () => {
  test('is a service and an index in text', () => {
    const input = { service: 'iri', index: '18446744073709551615', time: 'x' };
    expect(parseWatchEvent(input)).toEqual({ service: 'iri', index: '18446744073709551615' });
  });

  test.each([
    undefined,
    null,
    'iri',
    [],
    {},
    { key1: 'value1', key2: 'value2' },
    { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' },
  ])('%j names nothing: look at all', (input) => {
    expect(parseWatchEvent(input)).toBeUndefined();
  });

  test.each([
    { index: '5' },
    { service: 'iri' },
    { service: 'iri', index: 12 },
    { service: 'iri', index: '-1' },
    { service: 'iri', index: '01' },
    { service: 'iri', index: '18446744073709551616' },
    { service: '..', index: '1' },
  ])('%j is refused in one line that shows what one looks like', (input) => {
    expect(() => parseWatchEvent(input)).toThrow(/^event: [^\n]*; send \{"service":"iri","index":"1234"\}$/);
  });
});
