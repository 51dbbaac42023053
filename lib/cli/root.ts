// The command line without its commands: name, version, and how it ends on wrong usage.
import { Command, type OutputConfiguration } from 'commander';
import { exitStatusHelp } from './exit-help.js';
import { EXIT } from './exit-status.js';
import { showExamples } from './help.js';
import type { NodeOptions } from './node.js';
import { versionText } from './version.js';
import { answerInOneLine } from './wrong-usage.js';

export interface ProgramOptions {
  /** The folder that holds the built functions. */
  readonly bundles: string;
  readonly node: NodeOptions;
  /** Ends the process: commander goes on where this returns. */
  readonly end: (status: number) => never;
  /** Where help and wrong usage are told; the process's own output by default. */
  readonly write?: OutputConfiguration;
}

/** With what `register` adds. `--help` ends with 0; what is not understood is answered by one line and 64. */
export function rootProgram(
  { end, write = {} }: ProgramOptions,
  register: (program: Command) => void,
): Command {
  const program = new Command('iri-lb')
    .description('Keeps HAProxy load balancers equal to what Consul knows, through the Runtime API.')
    .version(versionText(process.version), '-V, --version', 'print version, commit and Node')
    .helpCommand(false)
    .configureOutput(write)
    .exitOverride(({ exitCode }) => end(exitCode === 0 ? EXIT.ok : EXIT.usage))
    .addHelpText('after', exitStatusHelp());
  register(program);
  showExamples(program);
  answerInOneLine(program);
  return program;
}
