// Makes any text safe to show: one line, bounded, control characters visible. Pure.

/** Quotes `value` for a message: JSON escapes for what is not printable or reorders text, cut at `max`. */
export function quote(value: unknown, max = 80): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return visible(JSON.stringify(cut));
}

/** Text as data for programs: cut at `max`, on one line, with nothing that is not printable or reorders text. */
export function plainText(text: string, max = 200): string {
  return visible(text.length > max ? `${text.slice(0, max)}…` : text);
}

/**
 * A value as JSON that a terminal can show: the same to whatever parses it, with nothing in it that is not
 * printable or reorders text. `indent` as in JSON.stringify.
 */
export function jsonText(value: unknown, indent?: number): string {
  // JSON has escaped all below a blank, so what is left of those are its own line ends.
  return (JSON.stringify(value, null, indent) ?? 'null').replace(UNSEEN, (c) => (c === '\n' ? c : codeOf(c)));
}

/** Control characters, and those that reorder text. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const codeOf = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** With those as their codes. */
const visible = (text: string): string => text.replace(UNSEEN, codeOf);

/** Shows a name as it is where it is plain, quoted where it is not. */
export function showName(value: string, max = 80): string {
  return /^[A-Za-z0-9_.:@/[\]-]+$/.test(value) && value.length <= max ? value : quote(value, max);
}

/** A time in messages, in whole milliseconds: what is waited for is often a share of what is left. */
export const showMs = (ms: number): string => `${Math.round(ms)} ms`;

/** Whether a token can be sent in a header: printable ASCII, without blanks. What cannot is shown by nobody. */
export function isToken(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value);
}
