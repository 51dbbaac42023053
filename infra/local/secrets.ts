// Notes the tokens that the local set-up hands out, so that a test run can look for them in what it prints.
import { appendFileSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** The file that secrets are noted in, one a line; set by the test runner, and by nobody else. */
export const SECRETS_FILE = 'IRI_LB_SECRETS_FILE';

/** A shorter value is a word that a test prints anyway; a Consul token has 36 characters. */
const SHORTEST = 20;

/** Notes it, where somebody wants to know. */
export function noteSecret(value: string): void {
  const file = process.env[SECRETS_FILE];
  if (file && value.length >= SHORTEST) appendFileSync(file, `${value}\n`, { mode: 0o600 });
}

/** The secrets noted so far, each once. */
export function notedSecrets(file: string): string[] {
  return [...new Set(readFileSync(file, 'utf8').split('\n').filter(Boolean))];
}

/** The lines of `output` with a secret in them, without their colours, the secret replaced by `(secret)`. */
export function linesWithSecrets(output: string, secrets: readonly string[]): string[] {
  const text = stripVTControlCharacters(output);
  const shown = secrets.filter((secret) => text.includes(secret));
  if (shown.length === 0) return [];
  return text.split('\n').flatMap((line) => {
    const masked = shown.reduce((rest, secret) => rest.replaceAll(secret, '(secret)'), line);
    return masked === line ? [] : [masked];
  });
}
