// `iri-lb run`: registered here; what it needs is loaded only when it is called.
import type { Command } from 'commander';
import { guarded, type Terminal } from './output.js';
import { RUN_DEFAULTS, type RunFlags } from './run-options.js';
import { listenFlags } from './serve.js';

export function registerRun(program: Command, terminal: Terminal): void {
  const run = program
    .command('run')
    .description(
      'keep every load balancer what Consul says, until told to stop: at once when Consul or HAProxy changes, and ' +
        'every minute whatever happens',
    );
  listenFlags(run, 'the page, /live, /health, /metrics and /history; or off')
    .option('--resync <time>', 'how often all is read', RUN_DEFAULTS.resync)
    .option(
      '--pause-file <file>',
      'write nothing while it exists; its text is the reason',
      RUN_DEFAULTS.pauseFile,
    )
    .option('--dry', 'write nothing at all, and say what would be')
    .option(
      '--history <file>',
      'keep what happens in this file, too; without it the last 10,000 events in memory',
    )
    .option('--check', 'say what is wrong with configuration, certificates, token file and flags, and end')
    .addHelpText(
      'after',
      '\nSIGTERM: finishes the run it is in. SIGHUP: reads configuration and token file again. The environment is as ' +
        'of\neverywhere.',
    )
    .action((flags: RunFlags) =>
      guarded(terminal, async () => (await import('./run-process.js')).runProcess(flags, terminal)),
    );
}
