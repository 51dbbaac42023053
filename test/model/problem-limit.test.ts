// How many warnings are told: 20 of an instance, 1,000 in all, and how many there are beside.
import { describe, expect, it } from 'vitest';
import { type Problem, textOf } from '../../lib/model/problem.js';
import { limited, limitProblems } from '../../lib/model/problem-limit.js';
import { parseTags } from '../../lib/model/tag-values.js';
import { tagTable } from '../../lib/model/tags.js';

const unusable = (instance: string): Problem => ({ code: 'port-unusable', instance, value: 0 });
const many = (instance: string, count: number): Problem[] =>
  Array.from({ length: count }, () => unusable(instance));

describe('warnings', () => {
  it('are all told while they are few', () => {
    expect(limited([...many('a', 20), ...many('b', 20)])).toHaveLength(40);
  });

  it('beyond 20 of one instance are counted, and nobody else has fewer for it', () => {
    const told = limited([...many('evil', 5_000), ...many('good', 3)]);
    expect(told).toHaveLength(20 + 3 + 1);
    expect(told.at(-1)).toEqual({
      ...{ code: 'warnings-left-out', count: 4_980, instance: 'evil', ofInstance: 4_980 },
    });
    expect(told.slice(-1).map(textOf)).toEqual(['4980 more warnings are not listed, 4980 of them of evil']);
  });

  it('beyond 1,000 in all are counted', () => {
    const told = limited(Array.from({ length: 3_000 }, (_, at) => unusable(`i${at}`)));
    expect(told).toHaveLength(1_001);
    expect(told.at(-1)).toMatchObject({ code: 'warnings-left-out', count: 2_000 });
  });

  it('that were counted before stay counted', () => {
    const once = limited([...many('evil', 50), ...many('other', 30)]);
    const twice = limited([...once, ...many('other', 5)]);
    expect(twice.at(-1)).toMatchObject({ count: 30 + 10 + 5, instance: 'evil', ofInstance: 30 });
    expect(twice.filter(({ code }) => code === 'warnings-left-out')).toHaveLength(1);
  });

  it('never take the place of an error', () => {
    const error: Problem = { code: 'removal-limit', percent: 20, ready: 10 };
    const told = limited([...Array.from({ length: 2_000 }, (_, at) => unusable(`i${at}`)), error]);
    expect(told).toContainEqual(error);
  });

  it('of many tags that are nearly right are no more than are worth a look', () => {
    const tags = Array.from({ length: 5_000 }, (_, at) => `HAPROXY.z${at}`);
    const limit = limitProblems();
    parseTags({ label: 'n1/evil', tags, meta: {} }, 'haproxy', tagTable([]), limit.tell);
    expect(limit.problems().at(-1)).toMatchObject({ code: 'warnings-left-out', count: 80 });
  });

  it('of a million tags are held no more than are told', () => {
    const limit = limitProblems();
    const tags = Array.from({ length: 1_000_000 }, (_, at) => `haproxy.z${at}`);
    const said = { label: 'n1/evil', tags: [...tags, 'haproxy.weight=7'], meta: {} };
    const values = parseTags(said, 'haproxy', tagTable([]), limit.tell);
    expect(values.get('weight')).toBe(7);
    expect(limit.problems()).toHaveLength(21);
    expect(limit.problems().at(-1)).toMatchObject({ count: 999_980, instance: 'n1/evil' });
  });
});
