// The frontend: who may come in, which requests are let through, and to which backend. Pure.
import type { Rule } from '../../iri/request-rules.js';
import { aclOf, deny, type Line, refuseSixToFour, section } from '../section.js';
import type { FrontendSettings } from '../settings.js';
import type { Layout } from './layout.js';
import { limitRules } from './limits.js';
import { FRONTEND, FRONTEND_USERS } from './names.js';

export function frontendSection(layout: Layout): string {
  const { settings, api, defaultBackend } = layout;
  const { frontend, limits } = settings;
  return section(`frontend ${api?.frontend ?? FRONTEND}`, [
    bindLine(settings),
    `maxconn ${frontend.maxConnections}`,
    'option forwardfor',
    'option log-separate-errors',
    'capture request header User-Agent len 128',
    ...logLines(layout),
    (api || settings.log.bodyBytes > 0) && 'option http-buffer-request',
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
    ...(api?.rules ?? []).flatMap(printRule),
    ...tlsRules(settings),
    '',
    ...(api?.route?.rules ?? []).flatMap(printRule),
    `default_backend ${defaultBackend}`,
  ]);
}

function bindLine({ frontend: { bind, tls } }: FrontendSettings): string {
  const both = bind.startsWith('[::]:') ? ' v4v6' : '';
  return tls
    ? `bind ${bind}${both} ssl crt ${tls.certificate} alpn h2,http/1.1 ssl-min-ver ${tls.minVersion}`
    : `bind ${bind}${both}`;
}

function logLines({ settings: { log }, api }: Layout): Line[] {
  const request = api ? ` ${api.logFormat}` : '';
  const body = log.bodyBytes > 0 ? ' body:%{+Q}[capture.req.hdr(1),json(utf8s)]' : '';
  return [
    log.bodyBytes > 0 && `declare capture request len ${log.bodyBytes}`,
    `log-format '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq${request} %{+Q}r ua:%{+Q}[capture.req.hdr(0)] %sslc %sslv${body}'`,
  ];
}

function printRule(rule: Rule): string[] {
  if ('deny' in rule) return [deny(rule.deny.status, rule.deny.error, rule.deny.condition)];
  if ('acl' in rule) return aclOf(rule.acl.name, rule.acl.test, rule.acl.values);
  return [rule.line];
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
