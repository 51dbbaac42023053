// Reads HAProxy's CSV (`show stat`): fields may be quoted, quotes doubled. Pure.

/**
 * The first `limit` fields of the record that starts at `from`, and where the next record starts.
 * Quoted fields may hold commas, quotes and line ends.
 */
export function readRecord(
  text: string,
  from: number,
  limit = Number.MAX_SAFE_INTEGER,
): { readonly fields: string[]; readonly next: number } {
  const fields: string[] = [];
  const lineEnd = indexOrEnd(text, '\n', from);
  // Only this line is searched for a quote: to the end of the text would be quadratic where there is none.
  const line = text.slice(from, lineEnd);
  if (!line.includes('"')) return { fields: line.split(',', limit), next: lineEnd + 1 };
  let at = from;
  for (;;) {
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      fields.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      const end = Math.min(indexOrEnd(text, ',', at), indexOrEnd(text, '\n', at));
      fields.push(text.slice(at, end));
      at = end;
    }
    if (text[at] !== ',') return { fields: fields.slice(0, limit), next: at + 1 };
    at += 1;
  }
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at === -1 ? text.length : at;
}

function indexOrEnd(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at === -1 ? text.length : at;
}
