// The node check's arguments: those that follow from the node, and what people add to them. Pure.
import { type TagValues, textIn } from '../../model/tag-values.js';
import { keysWith } from '../../model/tags.js';
import { type CheckOptions, parseArguments } from './options.js';

/** The node check's arguments for a node that says this of itself in its tags. */
export function argumentsOf(hostPort: string, said: TagValues): string[] {
  const url = `${textIn(said, ...keysWith('scheme')) ?? 'http'}://${hostPort}`;
  const pow = textIn(said, 'pow');
  return [
    ...['-a', url],
    ...(textIn(said, ...keysWith('sslverify')) === '0' ? ['-k'] : []),
    ...(pow === 'true' || pow === 'only' ? ['-p'] : []),
    // A node that does nothing but PoW needs no milestones.
    ...(pow === 'only' ? ['-u'] : []),
  ];
}

export type JoinedArguments =
  | { readonly kind: 'check'; readonly args: readonly string[]; readonly options: CheckOptions }
  | { readonly kind: 'problem'; readonly message: string };

/** `own` and then `more`, parsed together. The node's address is `own`'s: `more` may not change it. */
export function joinArguments(own: readonly string[], more: readonly string[]): JoinedArguments {
  const problem = (message: string): JoinedArguments => ({ kind: 'problem', message });
  const args = [...own, ...more];
  const [before, parsed] = [parseArguments(own), parseArguments(args)];
  if (parsed.kind === 'usage') return problem(parsed.message);
  if (parsed.kind === 'help') return problem('-h is no check');
  if (before.kind !== 'check' || before.options.url.href !== parsed.options.url.href)
    return problem('-a is the address of the node itself; leave it out');
  return { kind: 'check', args, options: parsed.options };
}
