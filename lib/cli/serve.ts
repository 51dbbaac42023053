// `iri-lb serve`: registered here; what it needs is loaded only when it is called.
import type { Command } from 'commander';
import { DEFAULT_LISTEN } from '../run/local-run.js';
import { guarded, type Terminal } from './output.js';
import type { ServeFlags } from './serve-process.js';

export function registerServe(program: Command, terminal: Terminal): void {
  const serve = program
    .command('serve')
    .description(
      'show the fleet on a page: who is in which slot of which load balancer, why, and what just changed; reads only',
    )
    .option(
      '--from <source>',
      'where the changes come from: a file, a URL (of iri-lb run) or aws:STACK; as of iri-lb changes',
    );
  listenFlags(serve)
    .addHelpText(
      'after',
      '\nThe load balancers are looked at while a browser has the page open, and never without one.',
    )
    .action((flags: ServeFlags) =>
      guarded(terminal, async () => (await import('./serve-process.js')).serveProcess(flags, terminal)),
    );
}

/** Flags that say where the page is, and who may see it. */
export function listenFlags(command: Command, listen = 'where the page is'): Command {
  return command
    .option('--listen <address>', listen, DEFAULT_LISTEN)
    .option(
      '--host <name>',
      'a name that browsers ask for, beside those of loopback; again for more',
      collect,
    )
    .option('--token-file <file>', 'whoever looks has to know the token in it; made if missing (256 bits)')
    .option('--cert <file>', 'speak TLS with this certificate (PEM)')
    .option('--key <file>', 'the key of it (PEM)')
    .option('--behind-proxy', 'a proxy in front speaks TLS, and hands on Host and X-Forwarded-Proto');
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
