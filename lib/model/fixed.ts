// Why a server that HAProxy lists is no slot. Pure.

/**
 * What keeps a server from being a slot: it never had an address family, so that it takes no address; HAProxy's
 * `resolvers` fill it, and gave it none (once it has one it takes others, and keeps them: 2.6.12 to 3.4.7), or
 * fill it from SRV records; it is in maintenance because the server is that it `track`s.
 */
export type Fixed = 'no-address' | 'resolvers' | 'tracking';
