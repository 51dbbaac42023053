// Versions of IRI, compared as versions.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, parseVersion, type Version } from '../../lib/iri/node-check/versions.js';

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (!parsed) throw new Error(`${text} is no version`);
  return parsed;
}

const order = (a: string, b: string): number => Math.sign(compareVersions(version(a), version(b)));

describe('versions', () => {
  it.each([
    ['1.4.2.1', '1.4.10'],
    ['1.4.2', '1.4.2.1'],
    ['1.9.9', '1.10.0'],
    ['1.5.0-SNAPSHOT', '1.5.0'],
    ['1.5.0-rc2', '1.5.0-rc10'],
    ['1.4.9', '1.5.0-SNAPSHOT'],
    ['0.9', '1'],
  ])('%s is older than %s', (older, newer) => {
    expect([order(older, newer), order(newer, older)]).toEqual([-1, 1]);
  });

  it.each([
    ['1.5', '1.5.0'],
    ['1.8.2-RELEASE', '1.8.2'],
    ['v1.5.6', '1.5.6'],
    ['1.5.6+build.7', '1.5.6'],
    ['1.5.0-rc1', '1.5.0-RC1'],
  ])('%s equals %s', (a, b) => {
    expect(order(a, b)).toBe(0);
  });

  it.each(['', 'IRI', '1..2', '1.2.', '1,2', '1.2.3 4', '-1', '1.2\n', '1'.repeat(30), '1.2.3-\u202e'])(
    '%j is no version',
    (text) => {
      expect(parseVersion(text)).toBeUndefined();
    },
  );

  it('order like the numbers they are made of', () => {
    const numbers = fc.array(fc.nat(20), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const pad = (list: number[]): number[] => [...list, 0, 0, 0, 0, 0].slice(0, 5);
        const at = pad(a).findIndex((value, index) => value !== pad(b)[index]);
        const expected = at === -1 ? 0 : Math.sign((pad(a)[at] ?? 0) - (pad(b)[at] ?? 0));
        expect(order(a.join('.'), b.join('.'))).toBe(expected);
      }),
    );
  });
});
