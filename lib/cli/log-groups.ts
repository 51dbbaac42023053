// Where the functions of a stack log. Pure.

/** As infra/stack/functions.ts names them. */
export const groupsOf = (stack: string): string[] =>
  ['watch', 'resync'].map((kind) => `/aws/lambda/${stack}-${kind}`);
