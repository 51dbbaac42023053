// What is wrong with a certificate, in OpenSSL's words: Node 24 adds advice of its own that is wrong here. Pure.
import { codeOf, messageOf } from './errors.js';

/** By Node's codes (Node documentation, "X509 certificate error codes"), those that Node gives advice for. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'unable to get issuer certificate'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'],
]);

/**
 * The message of a connection that failed, without the advice to run Node with `--use-system-ca`: an authority
 * that is not ours does not become ours by what the system trusts.
 */
export function connectionWords(error: unknown): string {
  return WORDS.get(codeOf(error)) ?? messageOf(error);
}
