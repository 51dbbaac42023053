// One line of the history, as it is written and read back; what is not ours is nothing. Pure.
import { HISTORY_VERSION, type HistoryEvent } from '../../model/history.js';
import { jsonText } from '../../model/text.js';

/** What every line begins with: when it was can be read without parsing it. */
const HEAD = `{"version":${HISTORY_VERSION},"at":"`;
const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const AT_LENGTH = 24;
const MARK = /^","kind":"(?:started|watched|stopped|gap)"/;

/** As it is kept and sent, without its line end. */
export const lineOf = (event: HistoryEvent): string => jsonText(event);

/** When it happened; undefined for what is not a line of a history. */
export function atOf(line: string): string | undefined {
  if (!line.startsWith(HEAD)) return undefined;
  const at = line.slice(HEAD.length, HEAD.length + AT_LENGTH);
  return AT.test(at) ? at : undefined;
}

/** Whether it says only what the history covers. */
export const isMarkLine = (line: string): boolean => MARK.test(line.slice(HEAD.length + AT_LENGTH));

/** The event, of a kind that may be newer than this program; undefined for what is cut off or not ours. */
export function eventOf(line: string): HistoryEvent | undefined {
  if (atOf(line) === undefined) return undefined;
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Of this version and with a time; its kind may be newer than this program. */
export function isEvent(value: unknown): value is HistoryEvent {
  const { version, at, kind } = (value ?? {}) as Partial<Record<string, unknown>>;
  return version === HISTORY_VERSION && typeof at === 'string' && AT.test(at) && typeof kind === 'string';
}

/** Whether a file that begins so is a history, also where its first line was cut off while it was written. */
export function isHistory(beginning: string): boolean {
  const end = beginning.indexOf('\n');
  if (end === -1) return beginning.startsWith(HEAD) || HEAD.startsWith(beginning);
  return eventOf(beginning.slice(0, end)) !== undefined;
}
