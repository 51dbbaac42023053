// What the IRI API asks of HAProxy: where proof of work goes, who serves the rest, and room for what is read.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type Api, iriApi } from '../../lib/iri/api.js';
import { iriSettings } from '../../lib/iri/settings.js';

type Select = Readonly<Record<string, readonly (string | null)[]>>;

const apiOf = (
  pools: Readonly<Record<string, Select>>,
  settings: v.InferInput<typeof iriSettings> = {},
): Api =>
  iriApi(
    v.parse(iriSettings, settings),
    Object.entries(pools).map(([backend, select]) => ({ backend, select })),
  );

const nodes = { pow: [null, 'false', 'true'] };
const workers = { pow: ['true', 'only'] };

describe('proof of work goes to', () => {
  it.each<[string, Readonly<Record<string, Select>>, string | undefined]>([
    ['the pool whose instances all do it', { nodes, workers }, 'workers'],
    ['that pool whatever its place', { workers, nodes }, 'workers'],
    ['the first of several', { nodes, one: workers, two: { pow: ['only'] } }, 'one'],
    ['nobody where instances without the tag are in each pool', { nodes }, undefined],
    ['nobody where no pool asks for the tag', { web: {} }, undefined],
    ['nobody where a pool is of those that refuse it', { no: { pow: ['false'] } }, undefined],
  ])('%s', (_what, pools, backend) => {
    expect(apiOf(pools).route?.backend).toBe(backend);
  });

  it('the pool that the settings name, balanced as they say', () => {
    const route = apiOf({ nodes, workers }, { powBackend: 'nodes', powBalance: 'source' }).route;
    expect(route).toMatchObject({ backend: 'nodes', balance: 'source' });
  });

  it('the same pool as the rest where no command is one', () => {
    expect(apiOf({ nodes, workers }, { powCommands: [] }).route?.rules).toEqual([]);
  });
});

describe('the rest', () => {
  it('goes to no pool for proof of work, named or not', () => {
    expect(apiOf({ nodes, workers, other: {} }, { powBackend: 'other' }).limitedBackends).toEqual([
      'other',
      'workers',
    ]);
    expect(apiOf({ nodes }).limitedBackends).toEqual([]);
  });
});

describe('the rules', () => {
  it('refuse with a status of the client and a reason, in an order that ends with denied commands', () => {
    const denials = apiOf({}).rules.flatMap((rule) => ('deny' in rule ? [rule.deny] : []));
    expect(denials.map(({ status }) => status)).toEqual([
      405, 415, 414, 431, 413, 413, 400, 400, 400, 400, 403,
    ]);
    for (const { error, condition } of denials) {
      // Each stands in a pair of quotes.
      expect(error).toMatch(/^[A-Z][A-Za-z0-9 ,-]+$/);
      expect(condition).toMatch(/^if /);
    }
  });

  it.each([64, 262_144, 16_777_216])(
    'are read in a buffer with room to spare for a body of %d bytes',
    (bytes) => {
      const { bufferBytes } = apiOf({}, { bodyLimitBytes: bytes });
      expect(bufferBytes).toBeGreaterThanOrEqual(bytes + 1_024 + 2 * 16_384);
      expect(bufferBytes % 4_096).toBe(0);
    },
  );
});
