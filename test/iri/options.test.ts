// The node check's options: any order, the original's defaults, and wrong usage in words.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CheckOptions, parseArguments } from '../../lib/iri/node-check/options.js';

function options(...args: string[]): CheckOptions {
  const parsed = parseArguments(args);
  if (parsed.kind !== 'check') throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

function usage(...args: string[]): string {
  const parsed = parseArguments(args);
  return parsed.kind === 'usage' ? parsed.message : JSON.stringify(parsed);
}

const URL_TEXT = 'http://10.0.0.5:14265';

describe('options of the node check', () => {
  it('has the defaults of the original', () => {
    expect(options('-a', URL_TEXT)).toMatchObject({
      url: new URL(URL_TEXT),
      timeoutMs: 3000,
      budgetMs: 4500,
      minNeighbors: 2,
      minVersion: { text: '1.4.2.1' },
      maxDurationMs: 1000,
      appName: 'IRI',
      powRequired: false,
      verifyTls: true,
      limitsRequired: true,
      syncRequired: true,
    });
  });

  it('means the same in any order', () => {
    const groups = [
      ['-a', URL_TEXT],
      ['-t', '2.5'],
      ['-n', '7'],
      ['-m', '1.5.0'],
      ['-w', '0.25'],
      ['-r', 'Other'],
      ['-p'],
      ['-k'],
      ['-i'],
      ['-u'],
    ];
    const sorted = options(...groups.flat());
    expect(sorted).toMatchObject({ timeoutMs: 2500, minNeighbors: 7, maxDurationMs: 250, appName: 'Other' });
    const shuffled = fc.shuffledSubarray(groups, { minLength: groups.length });
    fc.assert(
      fc.property(shuffled, (mixed) => {
        expect(options(...mixed.flat())).toEqual(sorted);
      }),
    );
  });

  it('takes flags together and values attached, as getopts does', () => {
    const together = options('-kpiut2', `-a${URL_TEXT}`);
    expect(together).toEqual(options('-k', '-p', '-i', '-u', '-t', '2', '-a', URL_TEXT));
  });

  it('does not take an option for the address', () => {
    expect(usage('-a', '-k', URL_TEXT)).toBe('-a needs a value after it; -h helps');
    expect(options('-k', '-a', URL_TEXT)).toMatchObject({ url: new URL(URL_TEXT), verifyTls: false });
  });

  it.each([
    ['[::1]:14265', 'http://[::1]:14265/'],
    ['10.0.0.5:14265', 'http://10.0.0.5:14265/'],
    ['HTTPS://Node.Example.org', 'https://node.example.org/'],
    ['http://node.example.org/api/?x=1', 'http://node.example.org/api/?x=1'],
  ])('reads the address %s', (text, expected) => {
    expect(options('-a', text).url.href).toBe(expected);
  });

  it.each([
    [[], '-a is missing: the address of the node, http://host:port; -h helps'],
    [['-a'], '-a needs a value after it; -h helps'],
    [['-a', 'ftp://x'], '-a "ftp://x" is not an address: http://host:port or https://host:port; -h helps'],
    [
      ['-a', 'http://%zz@x'],
      '-a "http://%zz@x" is not an address: http://host:port or https://host:port; -h helps',
    ],
    [['-x'], "Unknown option '-x'; -h helps"],
    [
      [URL_TEXT],
      `Unexpected argument '${URL_TEXT}'. This command does not take positional arguments; -h helps`,
    ],
    [['-a', URL_TEXT, '-t', '0'], '-t "0" is not 0.05 to 300 seconds; -h helps'],
    [['-a', URL_TEXT, '-t', '1e3'], '-t "1e3" is not 0.05 to 300 seconds; -h helps'],
    [['-a', URL_TEXT, '-n', '-1'], '-n needs a value after it; -h helps'],
    [['-a', URL_TEXT, '-n', '1.5'], '-n "1.5" is not a number of neighbors; -h helps'],
    [['-a', URL_TEXT, '-m', 'new'], '-m "new" is not a version like 1.4.2.1; -h helps'],
    [['-a', URL_TEXT, '-w', 'fast'], '-w "fast" is not 0 to 300 seconds; -h helps'],
  ])('refuses %j', (args, message) => {
    expect(usage(...args)).toBe(message);
  });

  it('keeps what it says of any arguments on one line', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (args) => {
        const parsed = parseArguments(args);
        if (parsed.kind === 'usage') expect(parsed.message).toMatch(/^[^\p{Cc}\u2028\u2029]+$/u);
        else expect(parsed.kind).toMatch(/check|help/);
      }),
    );
  });
});
