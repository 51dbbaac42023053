// Values from Consul are hostile: whatever they hold, only planned, well-formed commands are written.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce, writesOf } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { runs } from './runs.js';

const ALLOWED =
  /^(?:set server iri_(?:pow_)?back\/iri(?:srv|tls|tlsnv)\d (?:addr [0-9a-f.:]+ port \d{1,5}|weight \d{1,3}|state (?:ready|maint))|set maxconn server iri_(?:pow_)?back\/iri(?:srv|tls|tlsnv)\d \d{1,7})$/;

const poison = fc.constantFrom(
  '1;shutdown sessions server iri_back/irisrv1',
  '1\nset server iri_back/irisrv1 state drain',
  '1\r\nx',
  '1\0',
  '1\\',
  '1 <<',
  '"1"',
  "'1'",
  '\u0007\u001b[2J',
  'x'.repeat(10_240),
  '99999',
  '-5',
  '1e3',
  '0x10',
  ' 7 ',
  '',
  '٣',
);
const hostile = fc.oneof(poison, fc.string({ unit: 'binary', maxLength: 40 }));

const hostileRow = fc
  .record({
    node: hostile,
    id: hostile,
    address: fc.oneof(hostile, fc.constant('10.0.0.1')),
    port: fc.oneof(hostile, fc.constant(14265), fc.integer(), fc.double()),
    tags: fc.array(
      fc
        .tuple(fc.constantFrom('weight', 'maxconn', 'scheme', 'sslverify', 'pow', 'x'), hostile)
        .map(([key, value]) => `haproxy.${key}=${value}`),
      { maxLength: 4 },
    ),
    meta: fc.dictionary(fc.constantFrom('haproxy-weight', 'haproxy-maxconn', 'other'), hostile),
  })
  .map(row);

describe('hostile values', () => {
  it('reach no command line, and the others are served', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileRow, { maxLength: 4 }), async (rows) => {
        const haproxy = haproxyFor(parseConfig(), 8, true);
        const good = row({ node: 'good', id: 'good', address: '10.1.1.1', port: 80 });
        const report = await runOnce({ haproxy, catalog: memoryCatalog([...rows, good]) });
        for (const line of writesOf(haproxy)) expect(line).toMatch(ALLOWED);
        expect(readyIn(haproxy, 'iri_back')).toContain('irisrv 10.1.1.1:80 w1 m0');
        const printed = [...report.consul.warnings, ...report.only.warnings];
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        for (const line of printed) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      }),
      { numRuns: runs(300) },
    );
  });

  it.each(['-5', '1e3', '0x10', ' 7 ', '257', '1;x', '1\n', '"1"', '1\0'])(
    'as a weight (%j) are named in a warning',
    async (value) => {
      const haproxy = haproxyFor(parseConfig(), 2);
      const rows = [row({ id: 'bad', tags: [`haproxy.weight=${value}`] })];
      const { consul } = await runOnce({ haproxy, catalog: memoryCatalog(rows) });
      expect(consul.warnings).toEqual([
        `n1/bad: tag ${JSON.stringify(`haproxy.weight=${value}`)} is not a whole number from 0 to 256; the default is used`,
      ]);
      expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
    },
  );
});
