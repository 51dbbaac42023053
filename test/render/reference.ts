// The strict reading of a body that HAProxy's decision is held against: RFC 8259, and no key of an object twice.

/**
 * The one command of the body as every parser would find it, or undefined where parsers may differ or there
 * is none: not JSON, no object, `command` absent, twice (also by escapes or case) or not a string of letters.
 */
export function commandOf(body: Buffer): string | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const keys = keysOf(text).filter((key) => key.toLowerCase() === 'command');
  const { command } = value as { command?: unknown };
  if (keys.length !== 1 || typeof command !== 'string' || !/^[A-Za-z]{1,64}$/.test(command)) return undefined;
  return command;
}

/** The keys of the outermost object of `json`, which is known to be valid, each as often as it is there. */
function keysOf(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const { 0: token, index } of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && /^\s*:/.test(json.slice(index + token.length)))
      keys.push(JSON.parse(token) as string);
  }
  return keys;
}
