// How much a server may be told to take. Pure.

/** HAProxy stores a server's weight in 0..256 (`set server … weight`). */
export const MAX_WEIGHT = 256;
/** Consul's `Weights` go up to this (`structs.ValidateWeights`). */
export const MAX_CONSUL_WEIGHT = 65_535;
/** Far above what a server can take; HAProxy itself accepts any integer, negative ones too. */
export const MAX_MAXCONN = 1_000_000;
