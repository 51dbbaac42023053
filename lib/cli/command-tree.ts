// What the command line has, as data: for completion, the man page and the tests of examples.
import type { Argument, Command, Option } from 'commander';

export interface OptionEntry {
  /** `--out <file>`, as help shows it. */
  readonly flags: string;
  /** `--out`, and `-o` where there is one. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takes: Takes;
  /** Whether it may be left bare: `--wait`, `--wait=5m`. */
  readonly isOptional: boolean;
}

/** What follows an option or stands for an argument: nothing, a file, one of these words, or anything. */
export type Takes = 'nothing' | 'file' | 'anything' | readonly string[];

export interface ArgumentEntry {
  readonly name: string;
  readonly about: string;
  readonly isRequired: boolean;
  readonly takes: Takes;
}

export interface CommandEntry {
  /** `['node', 'add']`; of the program itself nothing. */
  readonly path: readonly string[];
  readonly about: string;
  readonly arguments: readonly ArgumentEntry[];
  readonly options: readonly OptionEntry[];
  /** Names of the commands in it. */
  readonly commands: readonly string[];
}

/** The program and every command in it, as help shows them: first the program, then depth first. */
export function commandTree(program: Command): CommandEntry[] {
  return visit(program, []);
}

function visit(command: Command, path: readonly string[]): CommandEntry[] {
  const help = command.createHelp();
  const inner = help.visibleCommands(command);
  const own: CommandEntry = {
    path,
    about: command.description(),
    arguments: command.registeredArguments.map(argumentEntry),
    options: help.visibleOptions(command).map(optionEntry),
    commands: inner.map((child) => child.name()),
  };
  return [own, ...inner.flatMap((child) => visit(child, [...path, child.name()]))];
}

const argumentEntry = (argument: Argument): ArgumentEntry => ({
  name: argument.name(),
  about: argument.description,
  isRequired: argument.required,
  takes: argument.argChoices ?? kindOf(argument.name()),
});

const optionEntry = (option: Option): OptionEntry => ({
  flags: option.flags,
  names: [option.short, option.long].filter((name) => name !== undefined),
  about: option.description,
  takes: takenBy(option),
  isOptional: option.optional,
});

/** `<file>` and `<dir>` name files, `<a|b>` and choices say their words; the rest could be anything. */
function takenBy({ flags, argChoices, required, optional }: Option): Takes {
  if (!required && !optional) return 'nothing';
  if (argChoices) return argChoices;
  const name = /[<[](.+?)[>\]]/.exec(flags)?.[1] ?? '';
  return /^[\w-]+(?:\|[\w-]+)+$/.test(name) ? name.split('|') : kindOf(name);
}

const kindOf = (name: string): Takes => (/^(?:.*-)?(?:file|dir|folder)$/i.test(name) ? 'file' : 'anything');
