// Builds rows as Consul's /v1/health/service answers them, for tests.

export interface RowOptions {
  readonly node?: string;
  readonly id?: string;
  readonly address?: string;
  readonly nodeAddress?: string;
  readonly port?: unknown;
  readonly tags?: readonly string[] | null;
  readonly meta?: Readonly<Record<string, string>>;
  readonly weights?: { readonly Passing: number; readonly Warning: number };
  readonly status?: 'passing' | 'warning' | 'critical';
  readonly checks?: readonly { readonly CheckID: string; readonly Status: string }[];
}

/** A row; passing, on node n1, at 10.0.0.1:14265 unless told otherwise. */
export function row(options: RowOptions = {}): unknown {
  const { node = 'n1', id = 'iri-1', address = '10.0.0.1', nodeAddress = '10.9.9.9', port = 14265 } = options;
  const { tags = [], meta = {}, weights = { Passing: 1, Warning: 1 }, status = 'passing' } = options;
  return {
    Node: { Node: node, Address: nodeAddress },
    Service: {
      ID: id,
      Service: 'iri',
      Address: address,
      Port: port,
      Tags: tags,
      Meta: meta,
      Weights: weights,
    },
    Checks: options.checks ?? [
      { CheckID: 'serfHealth', Status: 'passing' },
      { CheckID: `service:${id}`, Status: status },
    ],
  };
}
