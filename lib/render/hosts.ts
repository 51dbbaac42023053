// The hosts in LB_CONFIG, each rendered as a folder of files by `iri-lb render host`. Pure.
import * as v from 'valibot';
import { parseIp } from '../model/address.js';
import { strict } from '../model/fields.js';
import { peerName } from './fields.js';

const ipAddress = v.pipe(
  v.string('use an IP address'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const ip = parseIp(dataset.value);
    if (ip && !/^(?:0\.0\.0\.0|::)$/.test(ip.text)) return ip.text;
    addIssue({ message: 'use the IP address that the host has' });
    return NEVER;
  }),
);

const host = strict({
  /** What `render host` is asked for; where `haproxy.peers` has a member of this name, the host is that member. */
  name: peerName,
  /** Its own address: a load balancer's gateway listens there, at the ports of `haproxy.gateway`. */
  address: ipAddress,
  role: v.picklist(['load-balancer', 'agent'], 'use "load-balancer" or "agent"'),
});

/** One that is both has an entry for each. */
export const hosts = v.pipe(
  v.array(host, 'use a list of hosts'),
  v.maxLength(1_000),
  v.check(
    (items) => new Set(items.map(({ name, role }) => `${role} ${name}`)).size === items.length,
    'a host is named twice',
  ),
  v.check(
    (items) =>
      new Set(items.map(({ name, address }) => `${name} ${address}`)).size ===
      new Set(items.map(({ name }) => name)).size,
    'a host has two addresses',
  ),
);

export type Host = v.InferOutput<typeof host>;
