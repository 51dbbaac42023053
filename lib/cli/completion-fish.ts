// The completion of fish, from what the command line has. Pure.
import type { CommandEntry, OptionEntry, Takes } from './command-tree.js';
import { nameOf, shortly, takesValue, wordsIn } from './completion-words.js';

/** A script to source, or to put where fish looks for them. */
export function fishCompletion(tree: readonly CommandEntry[]): string {
  const about = new Map(tree.map((entry) => [nameOf(entry.path), shortly(entry.about)]));
  const steps = tree.flatMap(({ path, commands }) =>
    commands.map(
      (name) =>
        `            case '${nameOf(path)}/${name}'\n                set at ${nameOf([...path, name])}`,
    ),
  );
  return `# Completion of iri-lb for fish, made by: iri-lb completion fish
function __iri_lb_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at/$word"
${steps.join('\n')}
        end
    end
    test "$at" = "$argv[1]"
end
complete -c iri-lb -f
${tree.flatMap((entry) => linesOf(entry, about)).join('\n')}
`;
}

function linesOf(
  { path, commands, arguments: [first], options }: CommandEntry,
  about: ReadonlyMap<string, string>,
): string[] {
  const here = `complete -c iri-lb -n '__iri_lb_at "${nameOf(path)}"'`;
  return [
    ...commands.map((name) => `${here} -a ${name} -d '${about.get(nameOf([...path, name])) ?? ''}'`),
    ...offered(first?.takes ?? 'nothing').map((value) => `${here}${value}`),
    ...options.map(
      (option) => `${here}${namesOf(option)}${optionValue(option)} -d '${shortly(option.about)}'`,
    ),
  ];
}

const namesOf = ({ names }: OptionEntry): string =>
  names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join('');

const optionValue = (option: OptionEntry): string =>
  takesValue(option) ? `${option.takes === 'file' ? ' -r' : ' -x'}${offered(option.takes).join('')}` : '';

/** Of what stands for itself nothing is offered. */
const offered = (takes: Takes): string[] =>
  takes === 'file' ? [' -F'] : typeof takes === 'string' ? [] : [` -a '${wordsIn(takes)}'`];
