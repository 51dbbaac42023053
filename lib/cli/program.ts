// The command line as a whole: every command, each registered by its own file, and the exit status of wrong usage.
import { Command, type OutputConfiguration } from 'commander';
import { registerChanges } from './changes.js';
import { registerCompletion } from './completion.js';
import { registerDoctor } from './doctor.js';
import { registerDrain } from './drain.js';
import { exitStatusHelp } from './exit-help.js';
import { EXIT } from './exit-status.js';
import { registerHelp, showExamples } from './help.js';
import { registerInit } from './init.js';
import { registerInvoke } from './invoke.js';
import { registerMaint } from './maint.js';
import { registerManPage } from './man-page.js';
import { type NodeOptions, registerNode } from './node.js';
import type { Terminal } from './output.js';
import { registerReconcile } from './reconcile.js';
import { registerRender } from './render.js';
import { registerRun } from './run.js';
import { registerServe } from './serve.js';
import { registerStatus } from './status.js';
import { versionText } from './version.js';
import { whoRunsFor } from './who-runs.js';
import { registerWhy } from './why.js';
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

/** `--help` ends with 0; what is not understood is answered by one line and 64. */
export function makeProgram(terminal: Terminal, { bundles, node, end, write = {} }: ProgramOptions): Command {
  const program = new Command('iri-lb')
    .description('Keeps HAProxy load balancers equal to what Consul knows, through the Runtime API.')
    .version(versionText(process.version), '-V, --version', 'print version, commit and Node')
    .helpCommand(false)
    .configureOutput(write)
    .exitOverride(({ exitCode }) => end(exitCode === 0 ? EXIT.ok : EXIT.usage))
    .addHelpText('after', exitStatusHelp());
  registerReconcile(program, terminal, node.confirm);
  registerRun(program, terminal);
  registerServe(program, terminal);
  registerStatus(program, terminal, { whoRuns: () => whoRunsFor(terminal) });
  registerWhy(program, terminal);
  registerDrain(program, terminal, node.confirm);
  registerMaint(program, terminal);
  registerChanges(program, terminal);
  registerDoctor(program, terminal);
  registerInit(program, terminal);
  registerInvoke(program, terminal, bundles);
  registerRender(program, terminal, bundles);
  registerNode(program, terminal, node);
  registerCompletion(program, terminal);
  registerManPage(program, terminal);
  registerHelp(program);
  showExamples(program);
  answerInOneLine(program);
  return program;
}
