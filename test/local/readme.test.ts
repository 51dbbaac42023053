// The README's table of `haproxy` settings says the defaults that the code has.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { frontendSettings } from '../../lib/render/settings.js';

const README = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
const [, TABLE = ''] = /^\| `haproxy` setting .*\n.*\n((?:\|.*\n)+)/m.exec(README) ?? [];
const ROWS = TABLE.trimEnd()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, setting = '', , standard = '']) => [setting.replaceAll('`', ''), standard] as const);

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/** As the table writes it: texts bare, nothing as a dash, what `false` would turn off as `on`. */
function printed(value: unknown, standard: string): string {
  if (value === undefined) return '–';
  if (standard === 'on') return typeof value === 'object' ? 'on' : String(value);
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

describe("the README's table of haproxy settings", () => {
  it.each(ROWS)('says the default of %s', (setting, standard) => {
    const names = setting.split('.');
    const value = names.reduce(fieldOf, v.parse(frontendSettings, {}) as unknown);
    expect(standard).toBe(printed(value, standard));
    // A key that there is not is expected "never"; one that there is has something against the value.
    const wrong = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), Symbol('wrong'));
    const { issues = [] } = v.safeParse(frontendSettings, wrong);
    expect(issues.map(({ expected }) => expected)).not.toContain('never');
    expect(issues).not.toEqual([]);
  });

  it('has rows', () => {
    expect(ROWS.length).toBeGreaterThan(20);
  });
});
