// `iri-lb help`: the help of any command, however deep; examples below each.
import type { Command } from 'commander';
import { nearest } from '../model/nearest.js';
import { exampleHelp } from './examples.js';

/** In place of commander's own, which knows one level, and answers 20 lines to what is none. */
export function registerHelp(program: Command): void {
  program
    .command('help')
    .description('show the help of a command')
    .argument('[command...]', 'its words')
    .action((words: readonly string[]) => {
      let found = program;
      for (const word of words) found = commandIn(found, word);
      found.help();
    });
}

/** Ends the program, with the nearest one, where there is none of this name. */
function commandIn(command: Command, word: string): Command {
  const inner = command.commands.find((one) => one.name() === word);
  if (inner) return inner;
  const near = nearest(
    word,
    command.commands.map((one) => one.name()),
  );
  return command.error(
    `error: unknown command '${word}'${near === undefined ? '' : `\n(Did you mean ${near}?)`}`,
  );
}

/** Adds the examples; call it once all commands are registered. */
export function showExamples(command: Command, path: readonly string[] = []): void {
  const text = exampleHelp(path);
  if (text !== undefined) command.addHelpText('after', text);
  for (const inner of command.commands) {
    inner.helpCommand(false);
    showExamples(inner, [...path, inner.name()]);
  }
}
