// The IRI layout: the configuration where LB_CONFIG says nothing, as plain data. Pure.

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
