// What LB_CONFIG says wrong is told in words, once; networks may stand alone in it.
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../lib/config/environment.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { ConfigError, settingText } from '../../lib/model/errors.js';

function problemsOf(env: Readonly<Record<string, string>>): string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(settingText);
    throw error;
  }
  return [];
}

const withPool = (pool: object, more: object = {}): Readonly<Record<string, string>> => ({
  LB_CONFIG: JSON.stringify({
    pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 's' }], ...pool }],
    ...more,
  }),
});

describe('an unknown setting', () => {
  it.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'of LB_CONFIG',
      withPool({}, { concurency: 3 }),
      'LB_CONFIG.concurency: is no setting; did you mean concurrency?',
    ],
    [
      'of a pool',
      withPool({ nottags: [] }),
      'LB_CONFIG.pools.0.nottags: is no setting; did you mean notTags?',
    ],
    [
      'of a range that is near to none',
      withPool({ ranges: [{ prefix: 's', colour: 1 }] }),
      'LB_CONFIG.pools.0.ranges.0.colour: is no setting; use prefix, transport, slots',
    ],
  ])('%s is named, with what was meant or what there is', (_what, env, problem) => {
    expect(problemsOf(env)).toEqual([problem]);
  });

  it('is told beside the one that is missing for it', () => {
    expect(problemsOf({ LB_CONFIG: '{"pols":[]}' })).toEqual([
      'LB_CONFIG.pools: is missing',
      'LB_CONFIG.pols: is no setting; did you mean pools?',
    ]);
  });
});

describe('an address that is none', () => {
  it.each(['CONSUL_HTTP_ADDR', 'HAPROXY_ADDRESSES'])('in %s is told in one line', (name) => {
    expect(problemsOf({ [name]: 'ftp://x' })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: "ftp://x" is not an address; use `)),
    ]);
  });
});

describe('networks', () => {
  it('may be all that LB_CONFIG says: the pools are those of the IRI layout', () => {
    const { config } = readSettings({ LB_CONFIG: '{"networks":["10.0.0.0/8"]}' });
    expect(config.networks).toEqual(['10.0.0.0/8']);
    expect(config.pools).toEqual(readSettings({}).config.pools);
    expect(config.tagPrefix).toBe(iriLayout.tagPrefix);
  });

  it('are all there is where nothing is said', () => {
    expect(readSettings({}).config).toMatchObject({ networks: ['0.0.0.0/0', '::/0'], listeners: [] });
  });

  it('and listeners that are none are refused', () => {
    const networks = ['10.0.0.0/33'];
    expect(problemsOf(withPool({}, { networks, listeners: ['lb:80', '0.0.0.0:80'] }))).toEqual([
      'LB_CONFIG.networks.0: use an IP address or a CIDR range (10.0.0.0/8, 2001:db8::/32)',
      'LB_CONFIG.listeners.0: use "address:port" or "*:port" with an IP address and a port from 1 to 65535',
    ]);
    expect(problemsOf(withPool({}, { networks: [] }))).toEqual(['LB_CONFIG.networks: name at least one']);
  });

  it('and listeners are held in one form', () => {
    const listeners = ['0.0.0.0:80', '[::]:81', '*:82', '[::ffff:10.0.0.1]:83'];
    expect(readSettings(withPool({}, { listeners })).config.listeners).toEqual([
      ...['*:80', '*:81', '*:82', '10.0.0.1:83'],
    ]);
  });
});

describe('plain tags', () => {
  it('that nobody can have are refused', () => {
    expect(problemsOf(withPool({ tags: ['a', 'b'], notTags: ['b'] }))).toEqual([
      'LB_CONFIG: pools.0.notTags: "b" is in tags, too; nobody has both',
    ]);
  });
});
