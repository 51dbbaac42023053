// The command line as a whole: every command, each registered by its own file.
import type { Command } from 'commander';
import { registerChanges } from './changes.js';
import { registerCompletion } from './completion.js';
import { registerDoctor } from './doctor.js';
import { registerDrain } from './drain.js';
import { registerHelp } from './help.js';
import { registerInit } from './init.js';
import { registerInvoke } from './invoke.js';
import { registerMaint } from './maint.js';
import { registerManPage } from './man-page.js';
import { registerNode } from './node.js';
import type { Terminal } from './output.js';
import { registerReconcile } from './reconcile.js';
import { registerRender } from './render.js';
import { type ProgramOptions, rootProgram } from './root.js';
import { registerRun } from './run.js';
import { registerServe } from './serve.js';
import { registerStatus } from './status.js';
import { whoRunsFor } from './who-runs.js';
import { registerWhy } from './why.js';

export function makeProgram(terminal: Terminal, options: ProgramOptions): Command {
  const { bundles, node } = options;
  return rootProgram(options, (program) => {
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
  });
}
