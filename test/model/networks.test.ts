// Which addresses a server may have: listed networks, loopback only by name, and what nobody may ever be at.
import { describe, expect, it } from 'vitest';
import { judgeOf, type NetworkRule, type Refusal } from '../../lib/model/networks.js';

const EVERYWHERE = ['0.0.0.0/0', '::/0'];
const judge = (
  ip: string,
  port = 80,
  { networks = EVERYWHERE, listeners = [] }: Partial<NetworkRule> = {},
): Refusal | undefined => judgeOf({ networks, listeners })(ip, port);

describe('an address, where nothing is said of networks', () => {
  it.each(['10.0.0.1', '192.0.2.1', '100.100.100.201', '2001:db8::1', 'fd00:ec2::253', '223.255.255.255'])(
    '%s is allowed',
    (ip) => {
      expect(judge(ip)).toBeUndefined();
    },
  );

  it.each<[string, Refusal]>([
    ['0.0.0.1', 'this-network'],
    ['127.0.0.1', 'loopback'],
    ['127.9.9.9', 'loopback'],
    ['::1', 'loopback'],
    ['169.254.169.254', 'metadata'],
    ['169.254.170.2', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['169.254.0.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    // NAT64 and 6to4 forms of the same.
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', 'metadata'],
    ['2002:7f00:1::1', 'loopback'],
    ['2002:e000:1::', 'multicast'],
  ])('%s is refused: %s', (ip, refusal) => {
    expect(judge(ip)).toBe(refusal);
  });
});

describe('networks', () => {
  it('allow what lies in one of them, and nothing else', () => {
    const networks = ['10.1.0.0/16', '2001:db8::/32'];
    expect(judge('10.1.2.3', 80, { networks })).toBeUndefined();
    expect(judge('2001:db8::1', 80, { networks })).toBeUndefined();
    expect(judge('10.2.0.1', 80, { networks })).toBe('not-listed');
    expect(judge('2001:db9::1', 80, { networks })).toBe('not-listed');
  });

  it('judge IPv4 inside IPv6 as IPv4', () => {
    const networks = ['10.0.0.0/8'];
    expect(judge('64:ff9b::a00:1', 80, { networks })).toBeUndefined();
    expect(judge('2002:a00:1::1', 80, { networks })).toBeUndefined();
    expect(judge('64:ff9b::b00:1', 80, { networks })).toBe('not-listed');
    expect(judge('64:ff9b::a00:1', 80, { networks: ['::/0'] })).toBe('not-listed');
  });

  it('allow loopback only by a range that lies within it', () => {
    expect(judge('127.0.9.1', 80, { networks: ['127.0.9.0/24'] })).toBeUndefined();
    expect(judge('127.0.9.1', 80, { networks: ['127.0.8.0/24'] })).toBe('loopback');
    expect(judge('127.0.0.1', 80, { networks: ['0.0.0.0/0'] })).toBe('loopback');
    expect(judge('127.0.0.1', 80, { networks: ['126.0.0.0/7'] })).toBe('loopback');
    expect(judge('::1', 80, { networks: ['::1/128'] })).toBeUndefined();
    expect(judge('::1', 80, { networks: ['127.0.0.0/8', '::/0'] })).toBe('loopback');
  });

  it('never allow what is never allowed', () => {
    expect(judge('169.254.169.254', 80, { networks: ['169.254.169.254'] })).toBe('metadata');
    expect(judge('224.0.0.1', 80, { networks: ['224.0.0.0/4'] })).toBe('multicast');
  });
});

describe('a listener', () => {
  const networks = [...EVERYWHERE, '127.0.0.0/8', '::1'];
  const admins = [{ ip: '10.0.0.5', port: 9999 }];

  it('is every admin socket, also in another form', () => {
    const of = judgeOf({ networks, listeners: [] }, admins);
    expect(of('10.0.0.5', 9999)).toBe('listener');
    expect(of('64:ff9b::a00:5', 9999)).toBe('listener');
    expect(of('10.0.0.5', 9998)).toBeUndefined();
    expect(of('10.0.0.6', 9999)).toBeUndefined();
  });

  it('is what the configuration names', () => {
    const of = judgeOf({ networks, listeners: ['10.0.0.5:14267', '[2001:db8::5]:14267'] });
    expect([of('10.0.0.5', 14_267), of('2001:db8::5', 14_267)]).toEqual(['listener', 'listener']);
    expect([of('10.0.0.5', 80), of('10.0.0.6', 14_267)]).toEqual([undefined, undefined]);
  });

  it('on every address is one on loopback and on the addresses of the load balancers', () => {
    const of = judgeOf({ networks, listeners: ['*:14267'] }, admins);
    expect([of('127.0.0.1', 14_267), of('::1', 14_267), of('10.0.0.5', 14_267)]).toEqual(
      Array(3).fill('listener'),
    );
    expect([of('10.0.0.6', 14_267), of('127.0.0.1', 80)]).toEqual([undefined, undefined]);
  });
});
