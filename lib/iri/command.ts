// Finds the command of a request's body so that no encoding can hide another one. Pure.

/**
 * `json_query('$.command')` alone is no guard: of duplicate keys it takes the first, it compares keys as they
 * are written (`"\u0063ommand"` is another key to it), and it looks no further than what it was asked for, so
 * it reads bodies that are not JSON but that a lenient parser (IRI's is one: comments, single quotes, bare
 * keys, `=` for `:`) takes for something else. So a body must first match this grammar: RFC 8259's, of one
 * object, with exactly one member `command` whose value is letters only, no other key that differs from it by
 * case alone, and no escape in any key of that object. In such a body every JSON parser finds the same
 * command, and json_query may read it.
 *
 * PCRE and json_query see the body up to its first NUL only: the frontend checks that this was all of it.
 *
 * A tokenizer in Lua would do the same, with a second file to install on each load balancer.
 *
 * What does not match is refused, also when PCRE gives up (a body nested deeper than its stack). All loops
 * are possessive: there is nothing to backtrack into, so no body takes more than linear time.
 */
const SPACE = String.raw`[ \t\n\r]*+`;
const PLAIN = String.raw`[^"\\\x00-\x1f]*+`;
const ESCAPE = String.raw`\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})`;
const STRING = `"${PLAIN}(?:${ESCAPE}${PLAIN})*+"`;
const NUMBER = String.raw`-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+`;

const ARRAY = String.raw`\[${SPACE}(?:(?&v)(?:,${SPACE}(?&v))*+)?+\]`;
const MEMBER = `${STRING}${SPACE}:${SPACE}(?&v)`;
const OBJECT = String.raw`\{${SPACE}(?:${MEMBER}(?:,${SPACE}${MEMBER})*+)?+\}`;
/** Any value, with the blanks that follow it. */
const VALUE = `(?:${STRING}|${NUMBER}|true|false|null|${ARRAY}|${OBJECT})${SPACE}`;

const OTHER_KEY = `"(?!(?i:command)")${PLAIN}"`;
const OTHER = `${OTHER_KEY}${SPACE}:${SPACE}(?&v)`;
const COMMAND = `"command"${SPACE}:${SPACE}"[A-Za-z]{1,64}+"${SPACE}`;

/** PCRE2; holds no single quote, so that it can stand in a pair of them. */
export const COMMAND_BODY =
  `(?(DEFINE)(?<v>${VALUE}))` +
  String.raw`\A${SPACE}\{${SPACE}(?:${OTHER},${SPACE})*+${COMMAND}(?:,${SPACE}${OTHER})*+\}${SPACE}\z`;

/** The command of a body that matches; kept in the variable `txn.command`. */
export const COMMAND_OF_BODY = `req.body,json_query('$.command')`;

/** The command that was found in the request. */
export const REQUEST_COMMAND = 'var(txn.command)';
