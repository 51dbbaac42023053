// The completion of bash, from what the command line has. Pure.
import type { CommandEntry, OptionEntry, Takes } from './command-tree.js';
import { nameOf, optionNames, takesValue, wordsIn } from './completion-words.js';

/** A script to source; it works in bash 3.2, which macOS has, too. */
export function bashCompletion(tree: readonly CommandEntry[]): string {
  return `# Completion of iri-lb for bash, made by: iri-lb completion bash
_iri_lb() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' words='' options='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
${tree.flatMap(stepsInto).join('\n')}
    esac
  done
  case "$at $prev" in
${tree.flatMap(valueCases).join('\n')}
  esac
  case $at in
${tree.map(wordsCase).join('\n')}
  esac
  if [[ $cur == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
_iri_lb_files() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$1"))
}
complete -F _iri_lb iri-lb
`;
}

/** From a command to those in it: `node/add) at=node-add ;;`. */
function stepsInto({ path, commands }: CommandEntry): string[] {
  return commands.map((name) => `      ${nameOf(path)}/${name}) at=${nameOf([...path, name])} ;;`);
}

/** What follows an option that takes a value. */
function valueCases({ path, options }: CommandEntry): string[] {
  const groups = new Map<string, string[]>();
  for (const option of options.filter(takesValue)) {
    const action = actionFor(option);
    const names = option.names.map((name) => `'${nameOf(path)} ${name}'`);
    groups.set(action, [...(groups.get(action) ?? []), ...names]);
  }
  return [...groups].map(([action, names]) => `    ${names.join('|')}) ${action}return ;;`);
}

const actionFor = ({ takes }: OptionEntry): string => {
  if (takes === 'file') return '_iri_lb_files "$cur"; ';
  return typeof takes === 'string' ? '' : `COMPREPLY=($(compgen -W '${wordsIn(takes)}' -- "$cur")); `;
};

/** What may stand in a command: the commands in it, or what its first argument takes, and its options. */
function wordsCase({ path, commands, arguments: [first], options }: CommandEntry): string {
  const takes: Takes = commands.length > 0 ? commands : (first?.takes ?? 'nothing');
  const files = takes === 'file' ? ' [[ $cur == -* ]] || { _iri_lb_files "$cur"; return; };' : '';
  return `    ${nameOf(path) || "''"}) words='${wordsIn(takes)}' options='${optionNames(options)}';${files} ;;`;
}
