// The completion of zsh, from what the command line has. Pure.
import type { ArgumentEntry, CommandEntry, OptionEntry, Takes } from './command-tree.js';
import { nameOf, shortly, takesValue, wordsIn } from './completion-words.js';

/** A function for a file `_iri-lb` in `fpath`, or to source after `compinit`. */
export function zshCompletion(tree: readonly CommandEntry[]): string {
  const about = new Map(tree.map((entry) => [nameOf(entry.path), shortly(entry.about)]));
  return `#compdef iri-lb
# Completion of iri-lb for zsh, made by: iri-lb completion zsh
${tree.map((entry) => functionOf(entry, about)).join('\n')}
if [[ $funcstack[1] == _iri-lb ]]; then _iri-lb "$@"; else compdef _iri-lb iri-lb; fi
`;
}

const functionName = (path: readonly string[]): string => ['_iri-lb', ...path].join('-');

function functionOf(entry: CommandEntry, about: ReadonlyMap<string, string>): string {
  const { path, commands, options } = entry;
  const specs = options.flatMap(optionSpecs);
  if (commands.length === 0) {
    const all = [...specs, ...entry.arguments.map(argumentSpec)];
    return `${functionName(path)}() {\n  _arguments -S ${all.map((spec) => `\\\n    ${spec}`).join(' ')}\n}`;
  }
  const listed = commands.map((name) => `    '${name}:${about.get(nameOf([...path, name])) ?? ''}'`);
  const branches = commands.map((name) => `    ${name}) ${functionName([...path, name])} ;;`);
  const all = [...specs, "'1: :->command'", "'*:: :->rest'"];
  return `${functionName(path)}() {
  local state line
  local -a commands=(
${listed.join('\n')}
  )
  _arguments -C ${all.map((spec) => `\\\n    ${spec}`).join(' ')}
  case $state in
    command) _describe command commands ;;
    rest) case $line[1] in
${branches.join('\n')}
    esac ;;
  esac
}`;
}

/** One for each name; they may stand several times, as commander takes them. */
function optionSpecs(option: OptionEntry): string[] {
  const value = takesValue(option) ? `:value:${offered(option.takes)}` : '';
  return option.names.map((name) => `'*${name}[${shortly(option.about)}]${value}'`);
}

function argumentSpec({ name, isRequired, takes }: ArgumentEntry): string {
  return `'${isRequired ? '' : ':'}:${name}:${offered(takes)}'`;
}

/** Of what stands for itself nothing is offered. */
function offered(takes: Takes): string {
  if (takes === 'file') return '_files';
  return typeof takes === 'string' ? ' ' : `(${wordsIn(takes)})`;
}
