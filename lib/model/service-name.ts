// The names of Consul services, as Consul takes them: any text, which is encoded wherever it is written. Pure.

/** Far beyond what anybody registers; what a message or a URL can hold. */
const MAX_LENGTH = 512;

/**
 * Whether a text can name a service. Consul registers any name and only warns of those that DNS cannot have
 * (`parent/service`, `app:management`, `_x`, blanks): left out are control characters, and what is no text.
 */
export function isServiceName(text: string): boolean {
  // Both are steps in a path, encoded or not.
  if (text === '.' || text === '..') return false;
  if (text === '' || text.length > MAX_LENGTH || text !== text.trim()) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Surrogate}]/u.test(text);
}
