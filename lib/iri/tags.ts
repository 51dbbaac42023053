// The tags that only IRI nodes have: rows for the table of tags. What a pool does with them, the layout says. Pure.
import { MAX_MAXCONN } from '../model/server-limits.js';
import { oneOf, type TagHelp, type TagRow, wholeUpTo } from '../model/tags.js';

export const IRI_TAGS: readonly TagRow[] = [
  { key: 'maxconnpow', effect: 'maxconn', ...wholeUpTo(MAX_MAXCONN) },
  { key: 'pow', effect: 'select', ...oneOf('false', 'true', 'only') },
];

/** By key. */
export const IRI_TAG_HELP: Readonly<Record<string, TagHelp>> = {
  maxconnpow: {
    help: 'requests at a time in the PoW pool, 0 is no limit',
    otherwise: 'maxconn, else 1',
  },
  pow: {
    help: 'proof of work: not in the PoW pool, in both pools, or in the PoW pool alone',
    otherwise: 'false',
  },
};
