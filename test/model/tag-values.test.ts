// What an instance's tags and Meta say, and what of them is not used, as data.
import { describe, expect, it } from 'vitest';
import { textOf } from '../../lib/model/problem.js';
import {
  hasTag,
  numberIn,
  parseTags,
  type Tagged,
  type TagProblem,
  type TagValues,
  textIn,
} from '../../lib/model/tag-values.js';
import { tagTable } from '../../lib/model/tags.js';

const table = tagTable([{ select: { pow: ['true', 'only'] }, maxconnKeys: ['maxconn'] }]);

function parse(said: Partial<Tagged>): { readonly values: TagValues; readonly problems: TagProblem[] } {
  const problems: TagProblem[] = [];
  const instance = { label: 'n1/a', tags: [], meta: {}, ...said };
  return { values: parseTags(instance, 'haproxy', table, (found) => problems.push(found)), problems };
}

describe('the tags of an instance', () => {
  it.each<[string, Partial<Tagged>, Readonly<Record<string, unknown>>]>([
    [
      'tags with the prefix',
      { tags: ['haproxy.weight=2', 'haproxy.scheme=https'] },
      { weight: 2, scheme: 'https' },
    ],
    ['Meta, when no tag says it', { meta: { 'haproxy-weight': '2', other: 'x' } }, { weight: 2 }],
    ['tags before Meta', { tags: ['haproxy.weight=2'], meta: { 'haproxy-weight': '2' } }, { weight: 2 }],
    ['nothing without the prefix', { tags: ['weight=2', 'haproxyx.weight=2', 'haproxy'] }, {}],
    ['a value that contains =', { tags: ['haproxy.pow=true=x'] }, { pow: null }],
    ['no value as an empty one', { tags: ['haproxy.weight'] }, { weight: null }],
    ['a value that is none as null', { tags: ['haproxy.weight=-5'] }, { weight: null }],
    ['Meta that is no text as an empty one', { meta: { 'haproxy-weight': 2 } }, { weight: null }],
    ['no property of objects for a key', { tags: ['haproxy.constructor=1', 'haproxy.__proto__=1'] }, {}],
  ])('are %s', (_what, said, values) => {
    expect(Object.fromEntries(parse(said).values)).toEqual(values);
  });

  it.each<[string, Partial<Tagged>, object, string]>([
    [
      'an unknown key',
      { tags: ['haproxy.wieght=2'] },
      { code: 'tag-unknown', place: 'tag', said: 'haproxy.wieght=2', known: [...table.keys()] },
      `n1/a: tag "haproxy.wieght=2" is ignored: unknown key, known are ${[...table.keys()].join(', ')}`,
    ],
    [
      'a value that is none',
      { meta: { 'haproxy-weight': 'x' } },
      {
        code: 'tag-invalid',
        place: 'Meta',
        said: 'haproxy-weight=x',
        expects: 'a whole number from 0 to 256',
      },
      'n1/a: Meta "haproxy-weight=x" is not a whole number from 0 to 256; the default is used',
    ],
    [
      'another value for a key',
      { tags: ['haproxy.weight=2'], meta: { 'haproxy-weight': '3' } },
      { code: 'tag-repeated', place: 'Meta', said: 'haproxy-weight=3', key: 'weight' },
      'n1/a: Meta "haproxy-weight=3" is ignored: weight was set before',
    ],
    [
      'a value that is none after one',
      { tags: ['haproxy.pow=true', 'haproxy.pow=maybe'] },
      { code: 'tag-repeated', place: 'tag', said: 'haproxy.pow=maybe', key: 'pow' },
      'n1/a: tag "haproxy.pow=maybe" is ignored: pow was set before',
    ],
  ])('tell of %s', (_what, said, problem, text) => {
    const { problems } = parse(said);
    expect(problems).toEqual([{ instance: 'n1/a', ...problem }]);
    expect(problems.map(textOf)).toEqual([text]);
  });

  it.each<[string, Partial<Tagged>, string]>([
    ['another case', { tags: ['HAPROXY.WEIGHT=2'] }, 'haproxy.weight'],
    ['the separator of Meta', { tags: ['haproxy-weight=2'] }, 'haproxy.weight'],
    ['another separator', { tags: ['haproxy_weight=2'] }, 'haproxy.weight'],
    ['a colon', { tags: ['haproxy:pow=only'] }, 'haproxy.pow'],
    ['a blank before it', { tags: [' haproxy.weight=2'] }, 'haproxy.weight'],
    ['another case and a letter too few', { tags: ['Haproxy.wight=2'] }, 'haproxy.weight'],
    ['letters swapped and another separator', { tags: ['haproxy-wieght=2'] }, 'haproxy.weight'],
    ['Meta with an underscore', { meta: { haproxy_maxconn: '3' } }, 'haproxy-maxconn'],
    ['Meta in another case', { meta: { 'HAProxy-MaxConn': '3' } }, 'haproxy-maxconn'],
  ])('tell of what is written nearly right: %s', (_what, said, meant) => {
    const { values, problems } = parse(said);
    expect(values.size).toBe(0);
    expect(problems).toMatchObject([{ code: 'tag-misspelt', meant }]);
    expect(problems.map(textOf).join()).toMatch(/^n1\/a: .* is ignored: did you mean haproxy.\w+\?$/);
  });

  it('tell of a key that nobody knows also where the prefix is in another case', () => {
    expect(parse({ tags: ['HAProxy.colour=red'] }).problems).toMatchObject([{ code: 'tag-unknown' }]);
  });

  it('tell of nothing where a tag is about something else', () => {
    const tags = [
      'haproxy',
      'haproxy-exporter',
      'haproxy_web',
      'haproxy-2.6',
      'haproxyweight=2',
      'h',
      '',
      ' ',
    ];
    expect(parse({ tags, meta: { haproxy: '1', haproxy_exporter: '9101' } }).problems).toEqual([]);
  });

  it('tell of nothing where all is used', () => {
    const tags = ['haproxy.weight=2', 'haproxy.weight=2', 'anything'];
    expect(parse({ tags, meta: { 'haproxy-weight': '2' } }).problems).toEqual([]);
  });
});

describe('a value', () => {
  const values: TagValues = new Map(Object.entries({ weight: 2, maxconn: null, scheme: 'https' }));

  it('is that of the first key that is said, also where it is none', () => {
    expect(numberIn(values, 'weight')).toBe(2);
    expect(numberIn(values, 'absent', 'weight')).toBe(2);
    expect(numberIn(values, 'maxconn', 'weight')).toBeUndefined();
    expect(numberIn(values, 'absent')).toBeUndefined();
    expect(textIn(values, 'scheme')).toBe('https');
  });

  it('is of one type', () => {
    expect(numberIn(values, 'scheme')).toBeUndefined();
    expect(textIn(values, 'weight')).toBeUndefined();
  });

  it('is there also where it is none', () => {
    expect(['weight', 'maxconn', 'absent'].map((key) => hasTag(values, key))).toEqual([true, true, false]);
  });
});
