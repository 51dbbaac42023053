// `iri-lb completion bash|zsh|fish`: prints what a shell needs to complete our words.
import { Argument, type Command } from 'commander';
import { type CommandEntry, commandTree } from './command-tree.js';
import { bashCompletion } from './completion-bash.js';
import { fishCompletion } from './completion-fish.js';
import { zshCompletion } from './completion-zsh.js';
import { guarded, type Terminal } from './output.js';

export const SHELLS: Readonly<Record<string, (tree: readonly CommandEntry[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Made of the commands as they are; nothing is started, and Consul is not asked, while somebody types. */
export function registerCompletion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print the completion of a shell, to be put where the examples say')
    .addArgument(new Argument('<shell>', 'whose').choices(Object.keys(SHELLS)))
    .action((shell: string) =>
      guarded(terminal, async () => terminal.out(SHELLS[shell]?.(commandTree(program)).trimEnd() ?? '')),
    );
}
