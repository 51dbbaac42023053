// Splits what an interactive HAProxy CLI sends into answers: each ends with one `\n> `. Pure.

const PROMPT = Buffer.from('\n> ');
const LINE_END = 0x0a;

/**
 * Collects chunks and gives back the answers that they complete. On every version each command line
 * is answered by its output and one prompt; the manual's "empty line" rule is unreliable before 3.0.
 */
export class AnswerReader {
  private chunks: Buffer[] = [];
  /** Bytes of the answer that is not yet complete. */
  held = 0;

  /** The answers completed by `chunk`, in order, without prompt and surrounding blank lines. */
  read(chunk: Buffer): string[] {
    const answers: string[] = [];
    const data = this.bridge(chunk);
    let from = 0;
    for (let at = data.indexOf(PROMPT); at !== -1; at = data.indexOf(PROMPT, from)) {
      // Most commands that write are answered by nothing, or by an empty line.
      const isEmpty =
        this.chunks.length === 0 && (at === from || (at === from + 1 && data[from] === LINE_END));
      answers.push(isEmpty ? '' : trimLines(this.completed(data.subarray(from, at))));
      this.chunks = [];
      this.held = 0;
      from = at + PROMPT.length;
    }
    if (from < data.length) this.keep(from === 0 ? data : data.subarray(from));
    return answers;
  }

  /** Drops what has come of the answer not yet complete, but for the last bytes, where a prompt may have begun. */
  forget(): void {
    this.chunks = this.chunks.slice(-1).map((last) => last.subarray(1 - PROMPT.length));
    this.held = 0;
  }

  private keep(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.held += chunk.length;
  }

  private completed(last: Buffer): string {
    const all = this.chunks.length === 0 ? last : Buffer.concat([...this.chunks, last]);
    return all.toString('utf8');
  }

  /** What has arrived of the answer not yet complete. */
  begun(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  /** Joins the last bytes of the chunk before, where a prompt may have begun, with this one. */
  private bridge(chunk: Buffer): Buffer {
    const last = this.chunks.pop();
    if (!last) return chunk;
    this.held -= last.length;
    const keep = Math.max(0, last.length - (PROMPT.length - 1));
    if (keep > 0) this.keep(last.subarray(0, keep));
    return Buffer.concat([last.subarray(keep), chunk]);
  }
}

function trimLines(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && text[from] === '\n') from += 1;
  while (to > from && text[to - 1] === '\n') to -= 1;
  return text.slice(from, to);
}
