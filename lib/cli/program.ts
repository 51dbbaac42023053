// The command line as a whole: every command, each registered by its own file, and the exit status of wrong usage.
import { Command, type OutputConfiguration } from 'commander';
import { registerChanges } from './changes.js';
import { registerDoctor } from './doctor.js';
import { registerDrain } from './drain.js';
import { EXIT } from './exit-status.js';
import { registerInvoke } from './invoke.js';
import { registerMaint } from './maint.js';
import { type NodeOptions, registerNode } from './node.js';
import type { Terminal } from './output.js';
import { registerReconcile } from './reconcile.js';
import { registerRender } from './render.js';
import { registerRun } from './run.js';
import { registerStatus } from './status.js';

export interface ProgramOptions {
  /** The folder that holds the built functions. */
  readonly bundles: string;
  readonly node: NodeOptions;
  /** Ends the process: commander goes on where this returns. */
  readonly end: (status: number) => never;
  /** Where help and wrong usage are told; the process's own output by default. */
  readonly write?: OutputConfiguration;
}

/** `--help` ends with 0, and all that commander does not understand with 64. */
export function makeProgram(terminal: Terminal, { bundles, node, end, write = {} }: ProgramOptions): Command {
  const program = new Command('iri-lb')
    .description('Keeps HAProxy load balancers equal to what Consul knows, through the Runtime API.')
    .showHelpAfterError()
    .configureOutput(write)
    .exitOverride(({ exitCode }) => end(exitCode === 0 ? EXIT.ok : EXIT.usage))
    .addHelpText(
      'after',
      '\nExit status, the first that holds: 64 wrong usage, also a name that is not known; 1 something failed, could ' +
        'not\nbe read or is held back; 2 changes are pending (plan); 3 somebody should look; 0.',
    );
  registerReconcile(program, terminal, node.confirm);
  registerRun(program, terminal);
  registerStatus(program, terminal);
  registerDrain(program, terminal, node.confirm);
  registerMaint(program, terminal);
  registerChanges(program, terminal);
  registerDoctor(program, terminal);
  registerInvoke(program, terminal, bundles);
  registerRender(program, terminal);
  registerNode(program, terminal, node);
  return program;
}
