// Finds tags and Meta keys that are written nearly as ours are: `HAPROXY.WEIGHT=2`, `haproxy-weight=2`. Pure.
import { nearest } from './nearest.js';

/** Whether a text begins with the prefix and a separator, whatever its case; it has no other right to be looked at. */
export function nearlyOf(prefix: string): (text: string) => boolean {
  const wanted = asWritten(prefix);
  const first = wanted.charCodeAt(0);
  return (text) => {
    // Most tags are about something else: for these this is all that is done.
    const code = text.charCodeAt(0);
    if (code > SPACE && (code | LOWER_CASE) !== first) return false;
    const begin = asWritten(text.slice(0, prefix.length + MAX_BLANKS).trimStart());
    return begin.startsWith(wanted) && begin[wanted.length] === '-';
  };
}

const SPACE = 0x20;
/** The bit in which `a` and `A` differ. */
const LOWER_CASE = 0x20;
const MAX_BLANKS = 8;

const asWritten = (text: string): string => text.toLowerCase().replace(/[._:/\s]/g, '-');

/**
 * The key that is meant by what begins nearly with the prefix. Null: one of ours that nobody knows. Undefined: it is
 * about something else, as another separator than ours mostly is (`haproxy-exporter`).
 */
export function meantBy(
  said: string,
  prefix: string,
  separator: '.' | '-',
  known: readonly string[],
): string | null | undefined {
  const text = said.trimStart();
  const [key = ''] = text.slice(prefix.length + 1).split(/[=\s]/, 1);
  const exact = known.find((name) => asWritten(name) === asWritten(key));
  if (exact !== undefined) return exact;
  const isOurs = text[prefix.length] === separator;
  const near = isOurs || separator === '-' || text.includes('=') ? nearest(key, known) : undefined;
  return near ?? (isOurs ? null : undefined);
}
