// Parses what a Consul agent says of itself and of its services. Pure.

/** Which agent it is. */
export interface AgentIdentity {
  readonly node: string;
  /** Absent where the token may not read it. */
  readonly datacenter?: string;
}

/** A service of one agent. */
export interface AgentService {
  readonly id: string;
  readonly service: string;
  /** '': its node's. */
  readonly address: string;
  readonly port: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Of `/v1/agent/self`; undefined where it makes no sense. */
export function identityIn(body: Buffer): AgentIdentity | undefined {
  const { NodeName: node, Datacenter: datacenter } = fieldsOf(fieldsOf(parse(body)).Config);
  if (typeof node !== 'string' || node === '') return undefined;
  return { node, ...(typeof datacenter === 'string' ? { datacenter } : {}) };
}

/** The node of `/v1/agent/checks`, all of which are its own; undefined where there are none, or of several nodes. */
export function nodeInChecks(body: Buffer): string | undefined {
  const nodes = new Set(Object.values(fieldsOf(parse(body))).map((check) => fieldsOf(check).Node));
  const [node] = nodes;
  return nodes.size === 1 && typeof node === 'string' && node !== '' ? node : undefined;
}

/** Of `/v1/agent/service/:id`; undefined where it makes no sense. */
export function serviceIn(body: Buffer): AgentService | undefined {
  const { ID: id, Service: service, Address: address = '', Port: port = 0 } = fieldsOf(parse(body));
  if (typeof id !== 'string' || typeof service !== 'string') return undefined;
  if (typeof address !== 'string' || typeof port !== 'number') return undefined;
  return { id, service, address, port };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
