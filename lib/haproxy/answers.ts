// Splits what an interactive HAProxy CLI sends into answers: each ends with one `\n> `. Pure.

const PROMPT = Buffer.from('\n> ');

/**
 * Collects chunks and gives back the answers that they complete. On every version each command line
 * is answered by its output and one prompt; the manual's "empty line" rule is unreliable before 3.0.
 */
export class AnswerReader {
  private chunks: Buffer[] = [];
  private length = 0;

  /** The answers completed by `chunk`, in order, without prompt and surrounding blank lines. */
  read(chunk: Buffer): string[] {
    const answers: string[] = [];
    let rest = this.bridge(chunk);
    for (let at = rest.indexOf(PROMPT); at !== -1; at = rest.indexOf(PROMPT)) {
      answers.push(trimLines(this.completed(rest.subarray(0, at))));
      this.chunks = [];
      this.length = 0;
      rest = rest.subarray(at + PROMPT.length);
    }
    if (rest.length > 0) {
      this.chunks.push(rest);
      this.length += rest.length;
    }
    return answers;
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
    const keep = Math.max(0, last.length - (PROMPT.length - 1));
    if (keep > 0) this.chunks.push(last.subarray(0, keep));
    return Buffer.concat([last.subarray(keep), chunk]);
  }
}

function trimLines(text: string): string {
  return /^\n|\n$/.test(text) ? text.replace(/^\n+/, '').replace(/\n+$/, '') : text;
}
