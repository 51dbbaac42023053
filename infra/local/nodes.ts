// The sample nodes of `npm start`: stand-ins of each kind, and how each is registered in Consul.
import { fileURLToPath } from 'node:url';
import type { ServiceRegistration } from './consul-api.js';
import type { Harness } from './harness.js';
import { type StandIn, startStandIn } from './stand-in.js';
import { makeCertificate } from './stand-in-tls.js';

export interface SampleNode {
  readonly name: string;
  readonly standIn: StandIn;
  readonly registration: ServiceRegistration;
}

interface Kind {
  readonly name: string;
  readonly tags: readonly string[];
  readonly pow?: boolean;
  readonly https?: boolean;
}

/** One of each kind that the tags can say. */
const REGISTERED: readonly Kind[] = [
  { name: 'iri-1', tags: [] },
  { name: 'iri-2', tags: ['haproxy.maxconn=7', 'haproxy.weight=2'] },
  { name: 'iri-3', tags: ['haproxy.scheme=https', 'haproxy.sslverify=0'], https: true },
  { name: 'iri-4', tags: ['haproxy.pow=true', 'haproxy.maxconnpow=2'], pow: true },
  { name: 'iri-5', tags: ['haproxy.pow=only'], pow: true },
];
/** Runs, but is in Consul only once somebody registers it: the demonstration, or a pasted command. */
const SPARE: readonly Kind[] = [
  { name: 'iri-6', tags: [] },
  { name: 'iri-7', tags: [] },
];

const NODE_CHECK = fileURLToPath(new URL('../../dist/node-check.mjs', import.meta.url));

export interface SampleNodes {
  readonly registered: readonly SampleNode[];
  readonly demonstration: SampleNode;
  readonly spare: SampleNode;
}

/** Starts them all; they end with the harness. Registers none. */
export async function startNodes(harness: Harness): Promise<SampleNodes> {
  const certificate = await makeCertificate(harness.dir, 'iri-node');
  const start = async (kind: Kind): Promise<SampleNode> => {
    const standIn = await startStandIn({
      name: kind.name,
      port: await harness.freePort(),
      pow: kind.pow ?? false,
      ...(kind.https ? { tls: certificate } : {}),
    });
    harness.onClose(() => standIn.close());
    return { name: kind.name, standIn, registration: registrationOf(kind, standIn) };
  };
  const registered = await Promise.all(REGISTERED.map(start));
  const [demonstration, spare] = await Promise.all(SPARE.map(start));
  if (!demonstration || !spare) throw new Error('two spare nodes are needed');
  return { registered, demonstration, spare };
}

/** With the real node check, every 2 s instead of every 30. */
function registrationOf(kind: Kind, { host, port, url }: StandIn): ServiceRegistration {
  const flags = [...(kind.pow ? ['-p', '-i'] : []), ...(kind.https ? ['-k'] : [])];
  return {
    Name: 'iri',
    ID: kind.name,
    Address: host,
    Port: port,
    Tags: kind.tags,
    Check: {
      Name: `IRI API ${kind.name}`,
      Args: [process.execPath, NODE_CHECK, '-a', url, ...flags],
      Interval: '2s',
      Timeout: '5s',
    },
  };
}
