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

/** Control characters and those that reorder text, as their codes. */
const visible = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

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
