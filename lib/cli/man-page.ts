// `iri-lb.1`, the man page, from what the command line has; the build writes it beside the program.
import type { Command } from 'commander';
import { BUILD } from '../model/build.js';
import { type CommandEntry, commandTree } from './command-tree.js';
import { ENVIRONMENT } from './environment-help.js';
import { EXAMPLES } from './examples.js';
import { EXIT_HELP } from './exit-help.js';
import { guarded, type Terminal } from './output.js';

/** A command of the build's: people read the page by `man`. */
export function registerManPage(program: Command, terminal: Terminal): void {
  program
    .command('man-page', { hidden: true })
    .description('print the man page, in roff')
    .action(() => guarded(terminal, async () => terminal.out(manPage(commandTree(program)).trimEnd())));
}

/** The page in roff's man macros. No date: the same sources give the same bytes. */
export function manPage([program, ...commands]: readonly CommandEntry[]): string {
  return [
    `.TH IRI\\-LB 1 "" "iri\\-lb ${roff(BUILD.version)}" "User Commands"`,
    ...section('NAME', ['iri\\-lb \\- keeps HAProxy load balancers equal to what Consul knows']),
    ...section('SYNOPSIS', ['.B iri\\-lb', '.I command', '[\\fIoption\\fR ...]']),
    ...section('DESCRIPTION', DESCRIPTION.flatMap((text) => ['.PP', ...paragraph(text)]).slice(1)),
    ...section('OPTIONS', optionLines(program)),
    ...section('COMMANDS', commands.flatMap(commandLines)),
    ...section('EXIT STATUS', [
      'The first that holds.',
      ...EXIT_HELP.flatMap(([status, text]) => tagged(`${status}`, text)),
    ]),
    ...section(
      'ENVIRONMENT',
      ENVIRONMENT.flatMap(({ names, meaning, standard }) =>
        tagged(names.join(', '), `${meaning}${standard === null ? '' : ` (default: ${standard})`}`),
      ),
    ),
    ...section(
      'FILES',
      FILES.flatMap(([file, text]) => tagged(file, text)),
    ),
    ...section('EXAMPLES', exampleLines([]).slice(1)),
    ...section('SEE ALSO', ['.BR haproxy (1),', '.BR consul (1)']),
  ]
    .join('\n')
    .concat('\n');
}

const DESCRIPTION = [
  'Every run reads Consul, reads each HAProxy, plans, writes what differs through the Runtime API of its admin ' +
    'socket, and reads back. A second run in a row changes nothing. Servers in drain are left to whoever drained ' +
    'them, and an error of Consul is never taken for an empty list.',
  'Results are on stdout, logs and errors on stderr. With --json, results are JSON with a member "version".',
];

const FILES = [
  ['/run/haproxy/iri-lb.sock', 'the admin socket of runs, where HAPROXY_ADDRESSES names none'],
  ['/run/haproxy/admin.sock', "people's own socket in the configuration that iri-lb renders"],
  ['/run/iri-lb/paused', 'while it is there, iri-lb run writes nothing; its text is the reason'],
] as const;

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`.SH ${title}`, ...lines];

function commandLines(entry: CommandEntry): string[] {
  const { path, about, arguments: args } = entry;
  const words = args.map(({ name, isRequired }) => (isRequired ? `<${name}>` : `[${name}]`));
  const options = optionLines(entry);
  return [
    `.SS ${roff(['iri-lb', ...path, ...words].join(' '))}`,
    ...paragraph(capital(about)),
    ...args.filter((one) => one.about !== '').flatMap(({ name, about: text }) => tagged(name, text)),
    ...options,
    ...exampleLines(path),
  ];
}

const optionLines = ({ options }: Pick<CommandEntry, 'options'> = { options: [] }): string[] =>
  options
    .filter(({ names }) => !names.includes('--help'))
    .flatMap(({ flags, about }) => tagged(flags, about));

function exampleLines(path: readonly string[]): string[] {
  const own = EXAMPLES[path.join(' ')] ?? [];
  return own.flatMap(({ line, about }) => [
    '.PP',
    roff(about.endsWith('?') ? capital(about) : `${capital(about)}:`),
    '.PP',
    '.EX',
    `    ${roff(line)}`,
    '.EE',
  ]);
}

/** A tag, and what it means beside or below it. */
const tagged = (tag: string, text: string): string[] => ['.TP', `.B ${roff(tag)}`, ...paragraph(text)];

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** On lines of at most 80 characters. */
function paragraph(text: string): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/).map(roff)) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

const WIDTH = 79;

/** Text that roff prints as it is. Backquotes are README's. */
export function roff(text: string): string {
  const plain = text.replaceAll('`', '').replace(/\s+/g, ' ').replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return plain
    .replaceAll("'", '\\(aq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./, '\\&.');
}
