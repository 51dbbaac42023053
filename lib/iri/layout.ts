// The IRI layout, which is the configuration where LB_CONFIG says nothing, as plain data; and who is of IRI. Pure.

/** A pool as LB_CONFIG has it; what is left out has its default there. */
interface LayoutPool {
  backend: string;
  service: string;
  select: Record<string, (string | null)[]>;
  maxconn?: number;
  maxconnKeys?: string[];
  ranges: LayoutRange[];
}

interface LayoutRange {
  prefix: string;
  transport: 'plain' | 'verified' | 'unverified';
}

/** The Consul service that IRI nodes are registered under. */
export const IRI_SERVICE = 'iri';

const ranges: readonly LayoutRange[] = [
  { prefix: 'irisrv', transport: 'plain' },
  { prefix: 'iritls', transport: 'verified' },
  { prefix: 'iritlsnv', transport: 'unverified' },
];

/** A backend for everyone, and one for proof of work with a connection per node. */
export const iriLayout: { tagPrefix: string; pools: LayoutPool[] } = {
  tagPrefix: 'haproxy',
  pools: [
    {
      backend: 'iri_back',
      service: IRI_SERVICE,
      select: { pow: [null, 'false', 'true'] },
      ranges: [...ranges],
    },
    {
      backend: 'iri_pow_back',
      service: IRI_SERVICE,
      select: { pow: ['true', 'only'] },
      maxconn: 1,
      maxconnKeys: ['maxconnpow', 'maxconn'],
      ranges: [...ranges],
    },
  ],
};

/** What of a configuration says whether it is of IRI. */
export interface Services {
  readonly pools: readonly { readonly service: string }[];
  readonly haproxy?: { readonly iri?: object | false | undefined } | undefined;
}

/**
 * Whether the nodes are IRI's: a pool serves IRI's service, and `haproxy.iri` of LB_CONFIG is not `false`.
 * With `service`: whether the instances of that service are, of which the pools may be one among several.
 */
export function iriIsOn({ pools, haproxy }: Services, service: string = IRI_SERVICE): boolean {
  if (haproxy?.iri === false || service !== IRI_SERVICE) return false;
  return pools.some((pool) => pool.service === service);
}
