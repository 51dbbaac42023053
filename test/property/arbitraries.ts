// Random catalogs and random HAProxies from a small universe, so that they meet often.
import fc from 'fast-check';
import { row } from '../simulation/row.js';
import type { SimulatedServer } from '../simulation/simulated-haproxy.js';

const address = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '10.0.0.4',
  '2001:db8::1',
  'a.example',
  'b.example',
);
const port = fc.constantFrom(14265, 14266);

/** What the names of the universe resolve to; `b.example` does not always. */
export const names = fc.record(
  {
    'a.example': fc.constantFrom(['10.0.0.4', '10.0.0.5'], ['10.0.0.6']),
    'b.example': fc.constant(['10.0.0.7']),
  },
  { requiredKeys: ['a.example'] },
);

const tag = fc.constantFrom(
  'haproxy.pow=true',
  'haproxy.pow=only',
  'haproxy.pow=false',
  'haproxy.pow=maybe',
  'haproxy.weight=7',
  'haproxy.weight=-5',
  'haproxy.maxconn=3',
  'haproxy.maxconn=0x10',
  'haproxy.maxconnpow=2',
  'haproxy.scheme=https',
  'haproxy.sslverify=0',
  'unrelated',
);

/** Rows of an answer of Consul; ids are unique per node as Consul has it. */
export const catalogRows = fc
  .uniqueArray(
    fc.record({
      node: fc.constantFrom('n1', 'n2'),
      id: fc.constantFrom('i1', 'i2', 'i3', 'i4', 'i5'),
      address,
      port,
      tags: fc.array(tag, { maxLength: 4 }),
      status: fc.constantFrom(
        'passing' as const,
        'passing' as const,
        'warning' as const,
        'critical' as const,
      ),
    }),
    { selector: ({ node, id }) => `${node}/${id}`, maxLength: 10 },
  )
  .map((instances) => instances.map((instance) => row(instance)));

/** What a slot may hold before a run: free, ours, somebody else's, in any state. */
export const slotContent: fc.Arbitrary<Omit<SimulatedServer, 'tls' | 'status'>> = fc.record({
  address: fc.constantFrom('0.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.4', '10.0.0.9', '2001:db8::1'),
  port: fc.constantFrom(0, 14265, 14266),
  weight: fc.constantFrom(0, 1, 7, 256),
  maxconn: fc.constantFrom(0, 1, 3),
  state: fc.constantFrom('ready' as const, 'maintenance' as const, 'maintenance' as const, 'drain' as const),
  sessions: fc.constantFrom(0, 0, 2),
});
