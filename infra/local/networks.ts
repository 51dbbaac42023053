// The networks of a set-up on one machine, where the nodes are on loopback.

/** `networks` of LB_CONFIG that let instances be anywhere, loopback included. */
export const LOCAL_NETWORKS = ['0.0.0.0/0', '::/0', '127.0.0.0/8', '::1/128'];

/** LB_CONFIG of a run that serves IRI nodes on loopback. */
export const LOCAL_CONFIG = JSON.stringify({ networks: LOCAL_NETWORKS });
