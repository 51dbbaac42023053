// Lays out sections of a HAProxy configuration. Pure.

/** A line, or nothing where a setting leaves it out. */
export type Line = string | false | undefined;

/** A section: its title, then each line indented; an empty string is an empty line. */
export function section(title: string, lines: readonly Line[]): string {
  const kept = lines.filter((line) => typeof line === 'string');
  return [title, ...kept.map((line) => (line === '' ? '' : `    ${line}`)), ''].join('\n');
}

/** HAProxy takes 64 words in a line; long lists become several lines of this many. */
const WORDS_PER_LINE = 16;

/** An ACL that holds for any of `values`, in as many lines as it takes; without values it never holds. */
export function aclOf(name: string, test: string, values: readonly string[]): string[] {
  if (values.length === 0) return [`acl ${name} always_false`];
  const lines: string[] = [];
  for (let at = 0; at < values.length; at += WORDS_PER_LINE) {
    lines.push(`acl ${name} ${test} ${values.slice(at, at + WORDS_PER_LINE).join(' ')}`);
  }
  return lines;
}

/**
 * Closes connections that the ACL `name` of these `sources` takes for another's: `src` matches an address of
 * 6to4 (2002::/16) with the IPv4 address written in it, and anybody on an IPv6 network can write one.
 */
export function refuseSixToFour(name: string, sources: readonly string[], bind: string): string[] {
  if (!bind.startsWith('[')) return [];
  return [
    'acl six_to_four src 2002::/16',
    ...aclOf(
      `${name}_as_ipv6`,
      'src',
      sources.filter((source) => source.includes(':')),
    ),
    `tcp-request connection reject if six_to_four ${name} !${name}_as_ipv6`,
  ];
}

/**
 * A refusal that says why: a JSON object with `error`, which pages of other sites may read.
 * `error` is our own text.
 */
export function deny(status: number, error: string, condition: string): string {
  const body = JSON.stringify({ error });
  return `http-request deny deny_status ${status} content-type application/json hdr Access-Control-Allow-Origin * string '${body}' ${condition}`;
}
