// How much of an answer may be taken, in proportion to the memory there is. Pure.

/** Of the memory there is: what one answer may take, since what is made of it takes several times that. */
const ONE_ANSWER = 1 / 8;
/** And all that are under way together. */
const ALL_ANSWERS = 1 / 2;

/** The bytes of one answer as they come; `end` gives them back. */
export interface AnswerBytes {
  /** Takes note that `bytes` are held of it by now. Throws an Error that says which bound that is beyond. */
  hold(bytes: number): void;
  end(): void;
}

/** Bounds answers one by one and all together, so that nobody who answers can use up the memory. */
export interface AnswerBudget {
  begin(): AnswerBytes;
}

/** `memoryBytes` is the smallest of what limits this process: its heap, or its container. */
export function makeAnswerBudget(memoryBytes: number): AnswerBudget {
  const most = Math.floor(memoryBytes * ONE_ANSWER);
  const mostTogether = Math.floor(memoryBytes * ALL_ANSWERS);
  let together = 0;
  return {
    begin() {
      let own = 0;
      return {
        hold(bytes) {
          together += bytes - own;
          own = bytes;
          if (own > most) throw new Error(`the answer is too large: over ${showBytes(most)}`);
          if (together > mostTogether)
            throw new Error(`the answers under way are too large: over ${showBytes(mostTogether)} together`);
        },
        end() {
          together -= own;
          own = 0;
        },
      };
    },
  };
}

/** For where nothing is bounded: tools that speak to what they started themselves. */
export const UNBOUNDED: AnswerBudget = makeAnswerBudget(Number.POSITIVE_INFINITY);

const showBytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MB`;
