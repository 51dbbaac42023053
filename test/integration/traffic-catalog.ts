// Random changes of the catalog, one at a time, under which somebody who is not concerned always passes.
import type { CatalogInstance, CheckStatus, ConsulApi } from '../../infra/local/consul-api.js';
import type { Seeded } from './seeded.js';
import { type NamedNode, startNamedNode } from './traffic-nodes.js';

interface Registered {
  readonly id: string;
  readonly node: NamedNode;
  readonly status: CheckStatus;
  readonly tags: readonly string[];
}

/** A change that is decided: who passes once it is made, and how it is written to Consul. */
export interface Change {
  readonly kind: string;
  readonly serving: readonly string[];
  write(): Promise<void>;
}

export interface RandomCatalog {
  /** Nodes that pass, by their names. */
  serving(): readonly string[];
  /** `address:port` of those that pass. */
  addresses(): string[];
  next(): Promise<Change>;
  /** Ends every node. */
  close(): void;
}

/** Fewer than the nodes, so that there are free addresses to move to. */
const MOST_REGISTERED = 8;
const NODES = 11;

/** Starts the nodes and registers the first ones, all passing. */
export async function startRandomCatalog(consul: ConsulApi, random: Seeded): Promise<RandomCatalog> {
  const nodes = new Set<NamedNode>();
  const registered = new Map<string, Registered>();
  let names = 0;
  const start = async (port?: number): Promise<NamedNode> => {
    const node = await startNamedNode(`node-${++names}`, port);
    nodes.add(node);
    return node;
  };
  const all = (): Registered[] => [...registered.values()];
  const passing = (): Registered[] => all().filter(({ status }) => status !== 'critical');
  const spare = (): NamedNode[] => [...nodes].filter((node) => !all().some((entry) => entry.node === node));

  const put = (kind: string, entry: Registered): Change => {
    registered.set(entry.id, entry);
    return { kind, serving: serving(), write: () => consul.catalogRegister([rowOf(entry)]) };
  };
  const drop = (kind: string, { id }: Registered): Change => {
    registered.delete(id);
    const write = (): Promise<void> => consul.catalogDeregister([{ node: hostOf(id), id }]);
    return { kind, serving: serving(), write };
  };
  const fresh = (node: NamedNode, status: CheckStatus = 'passing'): Registered => {
    return { id: `iri-${++names}`, node, status, tags: tagsFrom(random) };
  };
  const serving = (): string[] => passing().map(({ node }) => node.name);

  /** The address of who left is taken by another node: its old one ends when its requests have. */
  let takeover: NamedNode | undefined;
  const replace = async (old: NamedNode): Promise<Change> => {
    await old.leave();
    nodes.delete(old);
    return put('reuse', fresh(await start(old.port)));
  };

  const kinds: Readonly<Record<string, () => Change | undefined>> = {
    add: () => {
      if (registered.size >= MOST_REGISTERED) return undefined;
      return put(
        'add',
        fresh(random.pick(spare()), random.pick(['passing', 'passing', 'warning', 'critical'])),
      );
    },
    remove: () => (passing().length < 2 ? undefined : drop('remove', random.pick(all()))),
    leave: () => {
      if (passing().length < 2) return undefined;
      const entry = random.pick(all());
      takeover = entry.node;
      return drop('leave', entry);
    },
    critical: () => {
      if (passing().length < 2) return undefined;
      return put('critical', { ...random.pick(passing()), status: 'critical' });
    },
    passing: () => {
      const failing = all().filter(({ status }) => status === 'critical');
      return failing.length === 0
        ? undefined
        : put('passing', { ...random.pick(failing), status: 'passing' });
    },
    retag: () => put('retag', { ...random.pick(all()), tags: tagsFrom(random) }),
    move: () => {
      if (passing().length < 2) return undefined;
      return put('move', { ...random.pick(all()), node: random.pick(spare()) });
    },
  };

  for (let count = 0; count < NODES; count += 1) await start();
  for (const node of [...nodes].slice(0, MOST_REGISTERED - 2)) {
    const entry = fresh(node);
    registered.set(entry.id, entry);
  }
  await consul.catalogRegister(all().map(rowOf));

  return {
    serving,
    addresses: () => passing().map(({ node }) => `127.0.0.1:${node.port}`),
    next: async () => {
      if (takeover) {
        const old = takeover;
        takeover = undefined;
        return replace(old);
      }
      for (;;) {
        const change = kinds[random.pick(Object.keys(kinds))]?.();
        if (change) return change;
      }
    },
    close: () => {
      for (const node of nodes) node.kill();
    },
  };
}

function tagsFrom(random: Seeded): string[] {
  return [`haproxy.weight=${1 + random.below(10)}`, `haproxy.maxconn=${random.pick([0, 1, 2, 5])}`];
}

const hostOf = (id: string): string => `host-of-${id}`;

function rowOf({ id, node, status, tags }: Registered): CatalogInstance {
  return { node: hostOf(id), service: 'iri', id, address: '127.0.0.1', port: node.port, status, tags };
}
