// The sample nodes of `npm start`: stand-ins of each kind, and how each is registered in Consul.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../lib/config/pools.js';
import type { ServiceRegistration } from './consul-api.js';
import type { Harness } from './harness.js';
import { type Kind, kindsFor } from './sample-kinds.js';
import { type Fault, type StandIn, startStandIn } from './stand-in.js';
import type { Certificate } from './stand-in-tls.js';

/** What can go wrong with a node while it runs, in words that follow its name. */
export interface Trouble {
  readonly fault: Fault;
  readonly begins: string;
  readonly isOver: string;
}

export interface SampleNode {
  readonly name: string;
  readonly standIn: StandIn;
  readonly registration: ServiceRegistration;
  readonly trouble: Trouble;
}

const UNSYNCED: Trouble = { fault: 'unsynced', begins: 'loses its sync', isOver: 'is synced again' };
const FAILING: Trouble = { fault: 'error', begins: 'answers with 500', isOver: 'answers well again' };
const NODE_CHECK = fileURLToPath(new URL('../../dist/node-check.mjs', import.meta.url));

export interface SampleNodes {
  readonly registered: readonly SampleNode[];
  readonly demonstration: SampleNode;
  readonly spare: SampleNode;
  /** Of the spare one, as Consul's agent takes it. */
  readonly spareFile: string;
}

/** Starts those that the configuration asks for; they end with the harness. Registers none. */
export async function startNodes(
  harness: Harness,
  config: Config,
  certificate: Certificate,
): Promise<SampleNodes> {
  const start = async (kind: Kind): Promise<SampleNode> => {
    const standIn = await startStandIn({
      name: kind.name,
      port: await harness.freePort(),
      isWeb: !kind.isIri,
      pow: kind.pow ?? false,
      ...(kind.https ? { tls: certificate } : {}),
    });
    harness.onClose(() => standIn.close());
    const registration = registrationOf(kind, standIn);
    return { name: kind.name, standIn, registration, trouble: kind.isIri ? UNSYNCED : FAILING };
  };
  const kinds = kindsFor(config);
  const spare = await start(kinds.spare);
  const spareFile = join(harness.dir, `${spare.name}.json`);
  // Passing until its first check says otherwise, so that it serves at once.
  const { Check } = spare.registration;
  writeFileSync(
    spareFile,
    JSON.stringify({ ...spare.registration, Check: { ...Check, Status: 'passing' } }, null, 2),
  );
  return {
    registered: await Promise.all(kinds.registered.map(start)),
    demonstration: await start(kinds.demonstration),
    spare,
    spareFile,
  };
}

/** Checked every 2 s: an IRI node by the real node check, any other by Consul's own. */
function registrationOf(kind: Kind, { host, port, url }: StandIn): ServiceRegistration {
  const flags = [...(kind.pow ? ['-p', '-i'] : []), ...(kind.https ? ['-k'] : [])];
  const check = kind.isIri
    ? { Name: `IRI API ${kind.name}`, Args: [process.execPath, NODE_CHECK, '-a', url, ...flags] }
    : { Name: `web ${kind.name}`, HTTP: url, TLSSkipVerify: kind.https === true };
  return {
    Name: kind.service,
    ID: kind.name,
    Address: host,
    Port: port,
    Tags: kind.tags,
    Check: { ...check, Interval: '2s', Timeout: '5s' },
  };
}
