// The rules for requests to the IRI API, as data: rendering prints them. Pure.
import { COMMAND_BODY, COMMAND_OF_BODY, REQUEST_COMMAND } from './command.js';
import type { IriSettings } from './settings.js';

/** A rule of the frontend: a refusal that says why, an ACL that holds for any of its values, or a line as it is. */
export type Rule =
  | { readonly deny: { readonly status: number; readonly error: string; readonly condition: string } }
  | { readonly acl: { readonly name: string; readonly test: string; readonly values: readonly string[] } }
  | { readonly line: string };

/** Longest head of a request; HAProxy's own buffers have room for no more by default. */
const HEAD_LIMIT_BYTES = 16_384;

/** Longest URI: IRI has but one, `/`. The head above is without it (`req.hdrs` is what follows). */
const URI_LIMIT_BYTES = 1_024;

/** In this order: what cannot be read, what is not a request to IRI, what is refused. */
export function requestRules({ bodyLimitBytes, deniedCommands }: IriSettings): Rule[] {
  const longest = (status: number, what: string, size: string, bytes: number): Rule =>
    deny(status, `The ${what} is longer than ${bytes} bytes`, `if { ${size} gt ${bytes} }`);
  return [
    deny(405, 'Use POST', 'if !preflight !METH_POST'),
    deny(
      415,
      'Send the body as it is, without Content-Encoding',
      'if { req.hdr(Content-Encoding) -m found }',
    ),
    longest(414, 'URI', 'url,length', URI_LIMIT_BYTES),
    longest(431, 'head', 'req.hdrs,length', HEAD_LIMIT_BYTES),
    // Announced or read: from 3.3 on, HTTP/2 clients that announce nothing have a `req.body_size` of 0.
    longest(413, 'body', 'req.body_size', bodyLimitBytes),
    longest(413, 'body', 'req.body_len', bodyLimitBytes),
    deny(
      400,
      'A preflight has no body',
      'if preflight { req.body_size gt 0 } or preflight { req.body_len gt 0 }',
    ),
    deny(400, 'Invalid API Version', 'if !preflight !{ req.hdr(X-IOTA-API-Version) -m found }'),
    // As text a body ends at its first NUL; what was read must be all that was announced.
    { line: 'http-request set-var(txn.body_announced) req.body_size' },
    { line: 'http-request set-var(txn.body_bytes) req.body_len' },
    { line: 'acl body_text req.body,length,sub(txn.body_bytes) eq 0' },
    { line: 'acl body_read req.body_len,sub(txn.body_announced) ge 0' },
    { line: `acl command_body req.body -m reg '${COMMAND_BODY}'` },
    deny(
      400,
      'The body must be a JSON object with one command',
      'if !preflight !body_text or !preflight !body_read or !preflight !command_body',
    ),
    { line: `http-request set-var(txn.command) ${COMMAND_OF_BODY} if !preflight` },
    // Should the grammar and json_query ever disagree, nothing goes through.
    deny(400, 'The command could not be read', `if !preflight !{ ${REQUEST_COMMAND} -m found }`),
    { acl: { name: 'denied_command', test: `${REQUEST_COMMAND} -m str`, values: deniedCommands } },
    deny(403, 'This command is not available here', 'if denied_command !whitelisted'),
    // An upgraded connection would be a tunnel past all of these rules.
    { line: 'http-request del-header Upgrade' },
    { line: 'http-request del-header HTTP2-Settings' },
  ];
}

const deny = (status: number, error: string, condition: string): Rule => ({
  deny: { status, error, condition },
});

/**
 * A body is read in one buffer, beside URI and head. Room for the longest of all and what HAProxy keeps free
 * (tune.maxrewrite, its table of headers) makes sure that a buffer is full only when the body is over its
 * limit: a body that is not all there is never taken for a whole one.
 */
export function bufferBytes(bodyLimitBytes: number): number {
  return Math.ceil((bodyLimitBytes + URI_LIMIT_BYTES + 2 * HEAD_LIMIT_BYTES) / 4_096) * 4_096;
}
