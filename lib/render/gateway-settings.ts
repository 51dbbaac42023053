// The gateway to the admin socket: who may come from where. Pure.
import * as v from 'valibot';
import { strict } from '../model/fields.js';
import { bindAddress, hostName, source } from './fields.js';

/** It binds without any right. */
const unprivileged = v.pipe(
  bindAddress,
  v.check((address) => Number(/\d+$/.exec(address)?.[0]) >= 1024, 'use a port from 1024: it has no rights'),
);

/** Settings of the mutual-TLS gateway; its certificate, key and authority are files on its host. */
export const gatewaySettings = strict({
  /** Where the functions reach it; `tls://host:port` in HAPROXY_ADDRESSES. */
  bind: unprivileged,
  /** Where who only looks reaches `admin.read`; `tls://host:port` in HAPROXY_READ_ADDRESSES. Null for nowhere. */
  readBind: v.optional(v.nullable(unprivileged)),
  /** Addresses and networks that it talks to; all others are cut off before TLS. */
  sources: v.pipe(v.array(source), v.minLength(1, 'name the networks of the functions'), v.maxLength(50)),
  /**
   * Common names of the client certificates taken; null takes every one that the authority signed, those of
   * servers included.
   */
  clientNames: v.optional(v.nullable(v.pipe(v.array(hostName), v.minLength(1), v.maxLength(16))), ['iri-lb']),
});

export type GatewaySettings = v.InferOutput<typeof gatewaySettings>;
