// The command line of `npm start`. Pure.
import { parseArgs } from 'node:util';
import { messageOf } from '../../lib/model/errors.js';

export const USAGE = `npm start -- [--for SECONDS] [--no-demo]

Runs Consul, two HAProxies, sample nodes, the forwarder, both functions and their schedule on this machine.
  --for SECONDS  ends by itself
  --no-demo      leaves the sample nodes alone: shows only what others do
LB_CONFIG in the environment, a path or the JSON itself, is run in place of the IRI layout: its pools, with
sample nodes for each, on free ports of this machine.
`;

export interface StartOptions {
  /** Until it ends by itself. */
  readonly seconds: number | undefined;
  readonly demo: boolean;
}

/** Throws, with all it takes to mend it in one line, on anything that is no option. */
export function readOptions(args: readonly string[]): StartOptions | 'help' {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        for: { type: 'string' },
        'no-demo': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return 'help';
    const seconds = values.for === undefined ? undefined : Number(values.for);
    if (seconds !== undefined && !(seconds > 0 && seconds <= 86_400)) {
      throw new Error(`--for ${JSON.stringify(values.for)}: give 1 to 86400 seconds`);
    }
    return { seconds, demo: !values['no-demo'] };
  } catch (error) {
    throw new Error(`${messageOf(error).split('. ')[0]}; see npm start -- --help`);
  }
}
