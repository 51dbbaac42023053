// Options that only IRI nodes have: where the configuration is not of IRI, no help shows them.
import { type Command, Help } from 'commander';
import { readLbConfig } from '../config/lb-config.js';
import { configSchema } from '../config/pools.js';
import { iriIsOn } from '../iri/layout.js';
import type { Terminal } from './output.js';

/**
 * Leaves the options of these names (`--pow`) out of the command's help where LB_CONFIG is not of IRI. That is
 * read when help is asked for, and not before: LB_CONFIG may be a pipe, which can be read once.
 */
export function hideWithoutIri(command: Command, { env }: Terminal, names: readonly string[]): void {
  const standard = new Help();
  let shown: boolean | undefined;
  command.configureHelp({
    visibleOptions: (of) => {
      shown ??= iriIsOn(readLbConfig(configSchema, env.LB_CONFIG, []));
      const options = standard.visibleOptions(of);
      return shown ? options : options.filter(({ long }) => !names.includes(long ?? ''));
    },
  });
}
