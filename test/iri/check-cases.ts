// Every fault of a stand-in node with the one line that the node check says about it.
import type { Fault } from '../../infra/local/stand-in-answers.js';
import type { CertificateKind } from './certificates.js';

export interface CheckCase {
  /** `gone`: nobody listens there. */
  readonly fault: Fault | 'gone';
  /** The stand-in does PoW while nothing is wrong. */
  readonly pow?: boolean;
  /** The stand-in speaks HTTPS with such a certificate. */
  readonly tls?: CertificateKind;
  /** How long an answer takes under `slow`; 100 ms by default. */
  readonly slowMs?: number;
  /** Options of the node check beyond `-a`. */
  readonly args?: readonly string[];
  /** What follows the node's address; with `ok` the node passes. */
  readonly finding: string | RegExp;
}

export function passes({ finding }: CheckCase): boolean {
  return typeof finding === 'string' && finding.startsWith('ok');
}

const OK = 'ok, IRI 1.5.6, milestone 426549, 5 neighbors, 0 ms';
const OPEN =
  'getNeighbors answered 200, addNeighbors answered 200, removeNeighbors answered 200, ' +
  'attachToTangle answered 400, interruptAttachingToTangle answered 200';
const HOSTILE = String.raw`"IRI\r\n\u001b[2J\u001b]0;owned\u0007 haproxy.weight=0; shutdown\u202e"`;

const REDIRECTED = 'redirected (302) to "http://127.0.0.1:1/elsewhere", which is not followed';

export const CHECK_CASES: readonly CheckCase[] = [
  { fault: 'healthy', finding: OK },
  { fault: 'healthy', args: ['-m', '1.5.6', '-n', '5'], finding: OK },
  { fault: 'healthy', pow: true, args: ['-p'], finding: OK },
  { fault: 'unsynced', finding: 'not synced: milestone 426538 is 12 behind 426550' },
  {
    fault: 'unsynced',
    args: ['-u'],
    finding: 'ok, IRI 1.5.6, milestone 426538, 5 neighbors, 0 ms',
  },
  { fault: 'few-neighbors', finding: 'too few neighbors: 1, fewer than 2' },
  {
    fault: 'few-neighbors',
    args: ['-n', '1'],
    finding: 'ok, IRI 1.5.6, milestone 426549, 1 neighbors, 0 ms',
  },
  { fault: 'old-version', finding: 'appVersion is "1.4.1.7", older than 1.4.2.1' },
  { fault: 'slow', args: ['-w', '0.05'], finding: 'too slow: getNodeInfo took 100 ms, longer than 50 ms' },
  { fault: 'slow', finding: 'ok, IRI 1.5.6, milestone 426549, 5 neighbors, 100 ms' },
  { fault: 'slow-duration', finding: 'too slow: getNodeInfo took 2500 ms, longer than 1000 ms' },
  {
    fault: 'slow-duration',
    args: ['-w', '2.5'],
    finding: 'ok, IRI 1.5.6, milestone 426549, 5 neighbors, 2500 ms',
  },
  { fault: 'wrong-app', finding: 'appName is "IRI Testnet", not "IRI"' },
  {
    fault: 'wrong-app',
    args: ['-r', 'IRI Testnet'],
    finding: 'ok, IRI Testnet 1.5.6, milestone 426549, 5 neighbors, 0 ms',
  },
  {
    fault: 'pow-refused',
    pow: true,
    args: ['-p'],
    finding: 'PoW is not allowed: attachToTangle answered 401',
  },
  { fault: 'pow-allowed', args: ['-p'], finding: OK },
  {
    fault: 'pow-allowed',
    finding: 'not blocked with 401: attachToTangle answered 400, interruptAttachingToTangle answered 200',
  },
  { fault: 'open', finding: `not blocked with 401: ${OPEN}` },
  { fault: 'open', args: ['-i'], finding: OK },
  { fault: 'incomplete', finding: 'latestMilestoneIndex is missing, not a number' },
  {
    fault: 'error',
    finding: String.raw`getNodeInfo: answered 500: "{\"error\":\"java.lang.NullPointerException\",\"duration\":0,\"node\":\"n\"}"`,
  },
  { fault: 'not-json', finding: String.raw`getNodeInfo is not JSON: "<html>It works!</html>\n"` },
  { fault: 'not-object', finding: String.raw`getNodeInfo is not a JSON object: "[\"getNodeInfo\"]"` },
  { fault: 'hostile', finding: `appName is ${HOSTILE}, not "IRI"` },
  { fault: 'huge', finding: 'getNodeInfo: the answer is larger than 262144 bytes' },
  { fault: 'dripping', args: ['-t', '1'], finding: 'getNodeInfo: no complete answer within 1 s' },
  { fault: 'truncated', finding: 'getNodeInfo: the answer was cut off' },
  { fault: 'hanging', args: ['-t', '0.3'], finding: 'getNodeInfo: no answer within 0.3 s' },
  { fault: 'reset', finding: 'getNodeInfo: connection closed without an answer (ECONNRESET)' },
  { fault: 'redirect', finding: `getNodeInfo: ${REDIRECTED}` },
  { fault: 'redirect-others', finding: `getNeighbors: ${REDIRECTED}` },
  { fault: 'redirect-others', pow: true, args: ['-p'], finding: `attachToTangle: ${REDIRECTED}` },
  { fault: 'odd-version', finding: 'appVersion is "latest", not a version' },
  { fault: 'odd-duration', finding: 'duration is "short", not a number of milliseconds' },
  { fault: 'odd-milestone', finding: 'latestSolidSubtangleMilestoneIndex is "soon", not a number' },
  { fault: 'no-neighbors', finding: 'neighbors is missing, not a number' },
  {
    fault: 'big-headers',
    finding: 'getNodeInfo: the headers of the answer are too large (HPE_HEADER_OVERFLOW)',
  },
  { fault: 'not-http', finding: 'getNodeInfo: the answer is not HTTP (HPE_INVALID_CONSTANT)' },
  { fault: 'gone', finding: 'getNodeInfo: connection refused (ECONNREFUSED)' },
  {
    // Six answers of half a second each: 3 s, and each within its own second.
    ...{ fault: 'slow', slowMs: 500, args: ['-t', '1'] },
    finding: /^\w+: no (complete )?answer within 2\.5 s for all requests$/,
  },
  { fault: 'healthy', tls: 'trusted', finding: OK },
  { fault: 'healthy', tls: 'self-signed', args: ['-k'], finding: OK },
  { fault: 'healthy', tls: 'expired', args: ['-k'], finding: OK },
  ...(
    [
      ['self-signed', 'is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)'],
      ['unknown-ca', 'comes from an unknown CA (UNABLE_TO_VERIFY_LEAF_SIGNATURE)'],
      ['other-name', 'is for another name (ERR_TLS_CERT_ALTNAME_INVALID)'],
      ['expired', 'has expired (CERT_HAS_EXPIRED)'],
    ] as const
  ).map(([tls, what]) => ({
    ...{ fault: 'healthy' as const, tls },
    finding: `getNodeInfo: TLS: the certificate ${what}; -k would not verify it`,
  })),
];
