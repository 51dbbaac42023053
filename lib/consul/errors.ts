// The one error of everything that can go wrong between us and Consul.

/**
 * Consul gave no answer that can be trusted: the message names address, service, Consul's status and
 * words, and the next step. It never holds the token, and has no `cause`: the client's own errors do.
 */
export class CatalogError extends Error {
  override readonly name = 'CatalogError';
  constructor(
    readonly service: string,
    detail: string,
  ) {
    super(`consul: service ${service}: ${detail}`);
  }
}
