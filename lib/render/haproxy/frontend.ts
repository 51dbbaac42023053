// The frontend: who may come in, which requests are let through, and to which backend. Pure.

import type { IriSettings } from '../../iri/settings.js';
import { aclOf, deny, type Line, refuseSixToFour, section } from '../section.js';
import type { FrontendSettings } from '../settings.js';
import { COMMAND_BODY, COMMAND_OF_BODY } from './command.js';
import type { Layout } from './layout.js';
import { limitRules } from './limits.js';
import { FRONTEND, FRONTEND_USERS } from './names.js';

/** Longest head of a request; HAProxy's own buffers have room for no more by default. */
export const HEAD_LIMIT_BYTES = 16_384;

/** Longest URI: IRI has but one, `/`. The head above is without it (`req.hdrs` is what follows). */
export const URI_LIMIT_BYTES = 1_024;

export function frontendSection(layout: Layout): string {
  const { settings, iri, defaultBackend, powBackend } = layout;
  const { frontend, limits } = settings;
  return section(`frontend ${FRONTEND}`, [
    bindLine(settings),
    `maxconn ${frontend.maxConnections}`,
    'option forwardfor',
    'option log-separate-errors',
    'capture request header User-Agent len 128',
    ...logLines(layout),
    (iri || settings.log.bodyBytes > 0) && 'option http-buffer-request',
    '',
    ...aclOf('whitelisted', 'src', frontend.whitelist),
    ...refuseSixToFour('whitelisted', frontend.whitelist, frontend.bind),
    'acl preflight method OPTIONS',
    ...(limits ? limitRules(limits) : []),
    settings.log.bodyBytes > 0 && 'http-request capture req.body id 1',
    '',
    // A preflight never carries credentials.
    frontend.auth && `acl authenticated http_auth(${FRONTEND_USERS})`,
    frontend.auth && `http-request auth realm ${frontend.auth.realm} if !authenticated !preflight`,
    // The password is for here; nodes belong to others.
    frontend.auth && 'http-request del-header Authorization',
    // `option forwardfor` adds its own after it: what a client says of itself is nobody's address.
    'http-request del-header X-Forwarded-For',
    ...(iri ? iriRules(iri) : []),
    ...tlsRules(settings),
    '',
    ...(iri && powBackend && iri.powCommands.length > 0
      ? [
          ...aclOf('pow_command', 'var(txn.command) -m str', iri.powCommands),
          `use_backend ${powBackend} if pow_command`,
        ]
      : []),
    `default_backend ${defaultBackend}`,
  ]);
}

function bindLine({ frontend: { bind, tls } }: FrontendSettings): string {
  const both = bind.startsWith('[::]:') ? ' v4v6' : '';
  return tls
    ? `bind ${bind}${both} ssl crt ${tls.certificate} alpn h2,http/1.1 ssl-min-ver ${tls.minVersion}`
    : `bind ${bind}${both}`;
}

function logLines({ settings: { log }, iri }: Layout): Line[] {
  const command = iri ? ' command:%[var(txn.command)]' : '';
  const body = log.bodyBytes > 0 ? ' body:%{+Q}[capture.req.hdr(1),json(utf8s)]' : '';
  return [
    log.bodyBytes > 0 && `declare capture request len ${log.bodyBytes}`,
    `log-format '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq${command} %{+Q}r ua:%{+Q}[capture.req.hdr(0)] %sslc %sslv${body}'`,
  ];
}

/** In this order: what cannot be read, what is not a request to IRI, what is refused. */
function iriRules(iri: IriSettings): Line[] {
  return [
    deny(405, 'Use POST', 'if !preflight !METH_POST'),
    deny(
      415,
      'Send the body as it is, without Content-Encoding',
      'if { req.hdr(Content-Encoding) -m found }',
    ),
    deny(414, `The URI is longer than ${URI_LIMIT_BYTES} bytes`, `if { url,length gt ${URI_LIMIT_BYTES} }`),
    deny(
      431,
      `The head is longer than ${HEAD_LIMIT_BYTES} bytes`,
      `if { req.hdrs,length gt ${HEAD_LIMIT_BYTES} }`,
    ),
    deny(
      413,
      `The body is longer than ${iri.bodyLimitBytes} bytes`,
      `if { req.body_size gt ${iri.bodyLimitBytes} }`,
    ),
    deny(400, 'A preflight has no body', 'if preflight { req.body_size gt 0 }'),
    deny(400, 'Invalid API Version', 'if !preflight !{ req.hdr(X-IOTA-API-Version) -m found }'),
    // As text a body ends at its first NUL; what was read must be all that was announced.
    'http-request set-var(txn.body_bytes) req.body_size',
    'acl body_read req.body,length,sub(txn.body_bytes) eq 0',
    `acl command_body req.body -m reg '${COMMAND_BODY}'`,
    deny(
      400,
      'The body must be a JSON object with one command',
      'if !preflight !body_read or !preflight !command_body',
    ),
    `http-request set-var(txn.command) ${COMMAND_OF_BODY} if !preflight`,
    // Should the grammar and json_query ever disagree, nothing goes through.
    deny(400, 'The command could not be read', 'if !preflight !{ var(txn.command) -m found }'),
    ...aclOf('denied_command', 'var(txn.command) -m str', iri.deniedCommands),
    deny(403, 'This command is not available here', 'if denied_command !whitelisted'),
    // An upgraded connection would be a tunnel past all of these rules.
    'http-request del-header Upgrade',
    'http-request del-header HTTP2-Settings',
  ];
}

function tlsRules({ frontend: { tls } }: FrontendSettings): Line[] {
  if (!tls) return ['http-request set-header X-Forwarded-Proto http'];
  const always = 'http-after-response set-header';
  return [
    'http-request set-header X-Forwarded-Proto https',
    tls.hstsSeconds > 0 &&
      `${always} Strict-Transport-Security "max-age=${tls.hstsSeconds}${tls.hstsSubDomains ? '; includeSubDomains' : ''}"`,
    `${always} X-Frame-Options DENY`,
    `${always} X-Content-Type-Options nosniff`,
  ];
}
