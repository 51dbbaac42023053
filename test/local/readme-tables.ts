// README's generated parts, each between its markers.
import { ENVIRONMENT } from '../../lib/cli/environment-help.js';
import { errorsTable } from './errors-table.js';
import { configSettings, haproxySettings, settingsTable } from './settings-table.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${text}\``;

function environmentTable(): string {
  const rows = ENVIRONMENT.map(({ names, meaning, standard }) => {
    const shown = standard === null ? '–' : /[:/]/.test(standard) ? code(standard) : standard;
    return `| ${names.map(code).join(', ')} | ${cell(meaning)} | ${shown} |`;
  });
  return ['| name | meaning | default |', '|---|---|---|', ...rows].join('\n');
}

/** By the name in the markers. */
const PARTS: Readonly<Record<string, () => string>> = {
  environment: environmentTable,
  settings: () => settingsTable(configSettings()),
  'haproxy settings': () => settingsTable(haproxySettings(), 'haproxy.'),
  errors: errorsTable,
};

/** README with every generated part as it should be. Throws where markers are missing. */
export function withTables(readme: string): string {
  let text = readme;
  for (const [name, make] of Object.entries(PARTS)) {
    const part = new RegExp(`(<!-- ${name}: written by .*-->\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
    if (!part.test(text)) throw new Error(`README has no markers of ${name}`);
    text = text.replace(part, (_, begin: string, end: string) => `${begin}${make()}\n${end}`);
  }
  return text;
}
