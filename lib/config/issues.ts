// Turns what valibot finds wrong into problems with paths, without the passwords. Pure.
import * as v from 'valibot';
import type { SettingProblem } from '../model/errors.js';

/** The problem of an issue. `root` is what the settings are called; absent, their paths stand alone. */
export function problemOf(issue: v.BaseIssue<unknown>, root?: string): SettingProblem {
  const path = v.getDotPath(issue) ?? '';
  return {
    path: [root, path].filter(Boolean).join('.'),
    message: withoutSecret(path, issue.message),
  };
}

/** A message without the value, where the value is a password or may hold one. */
function withoutSecret(path: string, message: string): string {
  return /auth|password|user/i.test(path)
    ? message.replace(/ but received .*$/s, ' but received something else')
    : message;
}
