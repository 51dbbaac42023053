// The command line with what was typed alone: loading every command takes longer than some of them.
import type { Command } from 'commander';
import type { Terminal } from './output.js';
import { type ProgramOptions, rootProgram } from './root.js';

type Register = (program: Command, terminal: Terminal, options: ProgramOptions) => void;

const reconcile = async (): Promise<Register> => {
  const { registerReconcile } = await import('./reconcile.js');
  return (program, terminal, { node }) => registerReconcile(program, terminal, node.confirm);
};
const drain = async (): Promise<Register> => {
  const { registerDrain } = await import('./drain.js');
  return (program, terminal, { node }) => registerDrain(program, terminal, node.confirm);
};

/** What people wait for. None with commands of its own: who mistypes one of these is told where it is. */
const ALONE: Readonly<Record<string, () => Promise<Register>>> = {
  plan: reconcile,
  apply: reconcile,
  status: async () => {
    const [{ registerStatus }, { whoRunsFor }] = await Promise.all([
      import('./status.js'),
      import('./who-runs.js'),
    ]);
    return (program, terminal) => registerStatus(program, terminal, { whoRuns: () => whoRunsFor(terminal) });
  },
  why: async () => (await import('./why.js')).registerWhy,
  drain,
  undrain: drain,
  maint: async () => (await import('./maint.js')).registerMaint,
  changes: async () => {
    const { registerChanges } = await import('./changes.js');
    return (program, terminal) => registerChanges(program, terminal);
  },
  doctor: async () => (await import('./doctor.js')).registerDoctor,
  run: async () => (await import('./run.js')).registerRun,
};

/** That of `word`, the first that was typed; of every command where it is none of those, or `help`. */
export async function programFor(
  word: string | undefined,
  terminal: Terminal,
  options: ProgramOptions,
): Promise<Command> {
  if (word === '--version' || word === '-V') return rootProgram(options, () => {});
  const alone = word !== undefined && Object.hasOwn(ALONE, word) ? ALONE[word] : undefined;
  if (!alone) return (await import('./program.js')).makeProgram(terminal, options);
  const register = await alone();
  return rootProgram(options, (program) => register(program, terminal, options));
}

/** The words that are loaded alone. */
export const aloneWords = (): string[] => Object.keys(ALONE);
