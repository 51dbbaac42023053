// What the command line says of what it does not understand: one line, with the nearest right one.
import type { Command } from 'commander';
import { nearest } from '../model/nearest.js';
import { plainText, quote } from '../model/text.js';

/** Has every command answer by a line in place of its help; call it once all of them are registered. */
export function answerInOneLine(command: Command, root: Command = command): void {
  command.configureOutput({
    outputError: (text, write) => write(`iri-lb: ${wrongUsage(text, command, root)}\n`),
  });
  for (const child of command.commands) answerInOneLine(child, root);
}

/**
 * commander's `error: unknown option '--forse'\n(Did you mean --force?)` on one line. Where it knows nothing near,
 * the place where the right ones are listed.
 */
export function wrongUsage(text: string, command: Command, root: Command): string {
  const [, said = '', meant] = /^(?:error: )?(.*?)\.?(?:\n\(Did you mean (.*)\?\))?\n*$/s.exec(text) ?? [];
  const [, word, name] = /^command-argument value '(.*)' is invalid for argument '(.+?)'\./s.exec(said) ?? [];
  if (word !== undefined) return unknownWord(`no ${name} by the name`, word, choicesOf(command, name));
  const [, flags, value = '', allowed = ''] = OF_CHOICES.exec(said) ?? [];
  if (flags !== undefined) return unknownWord(`${flags} takes no`, value, allowed.split(', '));
  const [, option] = /^unknown option '(--[^=']+)=/s.exec(said) ?? [];
  if (option !== undefined) return unknownOption(option, command);
  const missing = choicesOf(command, /^missing required argument '(.+)'$/.exec(said)?.[1]);
  const near = meant ?? elsewhere(said, root);
  const help = missing.length > 0 ? `use ${missing.join(', ')}` : `see ${pathOf(command)} --help`;
  return plainText(`${said}; ${near === undefined ? help : `did you mean ${near}?`}`, 400);
}

const OF_CHOICES = /^option '(\S+).*?' argument '(.*)' is invalid\. Allowed choices are (.+)$/s;

/** One that came with a value, which commander takes for a part of its name. The value may be a secret. */
function unknownOption(name: string, command: Command): string {
  const near = nearest(
    name,
    command.options.flatMap(({ long }) => long ?? []),
  );
  const next = near === undefined ? `see ${pathOf(command)} --help` : `did you mean ${near}?`;
  return plainText(`unknown option '${name}'; ${next}`);
}

const choicesOf = (command: Command, name: string | undefined): readonly string[] =>
  command.registeredArguments.find((argument) => argument.name() === name)?.argChoices ?? [];

/** A command of this name in another one: `iri-lb add` is `iri-lb node add`. */
function elsewhere(message: string, root: Command): string | undefined {
  const unknown = /^unknown command '([\w-]+)'$/.exec(message)?.[1];
  const holder = root.commands.find((one) => one.commands.some((inner) => inner.name() === unknown));
  return holder && `${pathOf(holder)} ${unknown}`;
}

/** `iri-lb node add`. */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** `no function by the name "wach"; did you mean watch?` */
function unknownWord(what: string, word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return `${what} ${quote(word)}; ${near === undefined ? `use ${known.join(', ')}` : `did you mean ${near}?`}`;
}
