// Names what went wrong on the way to a node, from the codes that Node gives. Pure.
import { quote } from '../../model/text.js';

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed without an answer',
  EPIPE: 'connection closed without an answer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no connection',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name cannot be resolved now',
  HPE_HEADER_OVERFLOW: 'the headers of the answer are too large',
};

const TLS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from an unknown CA',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate comes from an unknown CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate comes from an unknown CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate comes from an unknown CA',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not yet valid',
  CERT_REVOKED: 'the certificate is revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
};

/** One clause for a failed request, with the code that a search finds. `unverified`: how not to verify TLS. */
export function describeFailure(error: unknown, unverified = '-k would not verify it'): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const network = NETWORK[code];
  if (network) return `${network} (${code})`;
  const tls = TLS[code];
  if (tls) return `TLS: ${tls} (${code}); ${unverified}`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return `TLS: the handshake failed (${sslReason(error)})`;
  if (code.startsWith('HPE_')) return `the answer is not HTTP (${code})`;
  return quote(error instanceof Error ? error.message : error, 120);
}

/** OpenSSL's reason (`wrong version number`) says more than EPROTO; its message has a file and a line. */
function sslReason(error: unknown): string {
  const reason = error instanceof Error && 'reason' in error ? error.reason : undefined;
  return typeof reason === 'string' ? quote(reason).slice(1, -1) : 'EPROTO';
}
