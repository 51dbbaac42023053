// IP addresses have one form, however they are written, and ranges hold the same ones.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parseAddress, parseIp } from '../../lib/model/address.js';
import { source } from '../../lib/model/fields.js';
import { bytesOf, isIn, isWithin, parseRange } from '../../lib/model/ip-range.js';
import { isLoopback } from '../../lib/model/loopback.js';

describe('an IP address', () => {
  it.each([
    ['127.0.9.9', '127.0.9.9'],
    ['::ffff:127.0.9.9', '127.0.9.9'],
    ['::FFFF:7f00:909', '127.0.9.9'],
    ['[0:0:0:0:0:ffff:7f00:0909]', '127.0.9.9'],
    ['::ffff:0:1', '0.0.0.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::ffff:0:127.0.0.1', '::ffff:0:7f00:1'],
  ])('%s is %s', (written, text) => {
    expect(parseIp(written)?.text).toBe(text);
    expect(parseAddress(written)?.text).toBe(text);
  });

  it.each(['0.0.0.0', '::', '::ffff:0.0.0.0', '::ffff:0:0', '127.1', '2130706433', '0x7f000001'])(
    '%s is none that somebody can be at',
    (written) => {
      expect(parseAddress(written)).toBeUndefined();
    },
  );
});

describe('loopback', () => {
  it.each(['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '::ffff:127.0.0.1', '[::ffff:7f00:1]'])(
    'is %s',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );

  it.each(['10.0.0.1', '::ffff:10.0.0.1', '::2', 'example.com', '128.0.0.1', '', '127.0.0.1.example'])(
    'is not %j',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('a range', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['::1', '::1'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
  ])('%s is %s', (written, text) => {
    expect(v.parse(source, written)).toBe(text);
  });

  it.each(['10.0.0.0/33', '::/129', '::ffff:10.0.0.0/90', '10.0.0.0/8/8', '10.0.0.0/', 'localhost', ''])(
    'is not %j',
    (written) => {
      expect(parseRange(written)).toBeUndefined();
    },
  );

  const has = (range: string, ip: string): boolean => {
    const parsed = parseRange(range);
    return parsed !== undefined && isIn(parsed, bytesOf(ip));
  };

  it.each([
    ['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
    ['192.168.4.0/22', '192.168.7.255', '192.168.8.0'],
    ['10.0.0.1', '10.0.0.1', '10.0.0.2'],
    ['0.0.0.0/0', '255.255.255.255', '::1'],
    ['2001:db8::/33', '2001:db8:7fff::', '2001:db8:8000::'],
    ['fe80::/10', 'febf::1', 'fec0::1'],
    ['::/0', 'ffff::', '10.0.0.1'],
  ])('%s holds %s and not %s', (range, inside, outside) => {
    expect([has(range, inside), has(range, outside)]).toEqual([true, false]);
  });

  it.each([
    ['127.0.9.0/24', '127.0.0.0/8', true],
    ['127.0.0.0/8', '127.0.0.0/8', true],
    ['0.0.0.0/0', '127.0.0.0/8', false],
    ['127.0.0.0/7', '127.0.0.0/8', false],
    ['::/0', '::1', false],
  ])('%s lies within %s: %s', (inner, outer, expected) => {
    const [a, b] = [parseRange(inner), parseRange(outer)];
    expect(a && b && isWithin(a, b)).toBe(expected);
  });
});
