// README's code blocks, each with what a comment before it says of who runs it.

export interface Block {
  /** `131 sh`: its first line, and of what kind it is. */
  readonly place: string;
  readonly kind: string;
  readonly text: string;
  /** The last heading before it. */
  readonly heading: string;
  readonly ran: { readonly by: string } | { readonly not: string } | undefined;
}

/** All that somebody could type or copy; drawings have no kind. */
export function blocksOf(readme: string): Block[] {
  const found = readme.matchAll(/(?:^<!-- (run by|not run:) (.+) -->\n)?^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...found].map(({ 1: mark, 2: said = '', 3: kind = '', 4: text = '', index }) => ({
    place: `${readme.slice(0, index).split('\n').length + (mark === undefined ? 1 : 2)} ${kind}`,
    kind,
    text,
    heading: [...readme.slice(0, index).matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? '',
    ran: mark === undefined ? undefined : mark === 'run by' ? { by: said } : { not: said },
  }));
}
