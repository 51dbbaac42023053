// What the exit statuses mean, told once for help and the man page. Pure.
import { EXIT } from './exit-status.js';

/** The first that holds. */
export const EXIT_HELP: readonly (readonly [status: number, meaning: string])[] = [
  [EXIT.usage, 'wrong usage, also a name that is not known'],
  [EXIT.failed, 'something failed, could not be read or is held back'],
  [EXIT.pending, 'changes are pending (plan)'],
  [EXIT.look, 'somebody should look'],
  [EXIT.ok, 'all is well'],
];

/** Below the program's help. */
export const exitStatusHelp = (): string =>
  [
    '\nExit status, the first that holds:',
    ...EXIT_HELP.map(([status, text]) => `  ${String(status).padStart(2)}  ${text}`),
  ].join('\n');
