// Reads LB_CONFIG: the path of a JSON file, or the JSON itself; the IRI layout where it says nothing.
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { iriLayout } from '../iri/layout.js';
import { codeOf, messageOf, type SettingProblem } from '../model/errors.js';
import { quote } from '../model/text.js';
import { problemOf } from './issues.js';

/**
 * The configuration in `source`, LB_CONFIG's value, by a schema that says how much of it is read. Never throws:
 * each problem is added to `problems`, with the setting's path and never with a password, and the IRI layout
 * stands in for what cannot be used.
 */
export function readLbConfig<C>(
  schema: v.GenericSchema<unknown, C>,
  source: string | undefined,
  problems: SettingProblem[],
): C {
  let input: unknown = iriLayout;
  if (source) {
    try {
      input = JSON.parse(/^\s*[{[]/.test(source) ? source : readFileSync(source, 'utf8'));
    } catch (error) {
      const what =
        error instanceof SyntaxError
          ? `not JSON (${messageOf(error).replace(QUOTED_SOURCE, '')})`
          : `cannot read ${quote(source)} (${codeOf(error)})`;
      problems.push({
        path: 'LB_CONFIG',
        message: what,
        nextStep: 'name a JSON file or give the JSON itself',
      });
    }
  }
  const result = v.safeParse(schema, withPools(input));
  if (result.success) return result.output;
  problems.push(...result.issues.map((issue) => problemOf(issue, 'LB_CONFIG')));
  return v.parse(schema, iriLayout);
}

/** Whose nodes are the layout's, and only elsewhere, says `networks` alone. */
export function withPools(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('networks' in input) || 'pools' in input) return input;
  return { ...input, pools: iriLayout.pools };
}

/** V8 quotes what it could not parse, which may be a password. */
const QUOTED_SOURCE = /, (?:\.\.\.)?".*$/s;
