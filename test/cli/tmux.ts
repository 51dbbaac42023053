// Real terminals of any size, by tmux: commands run in them as people run them, and what they then show.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Harness } from '../../infra/local/harness.js';

export interface Pane {
  resize(columns: number, rows: number): Promise<void>;
  /** Keys as tmux names them: `C-c`, `q`. */
  keys(...names: readonly string[]): Promise<void>;
  /** Its lines as they are shown, colours as marks: `{red}…{}`. Fails where tmux says that one is the rest of another. */
  capture(): Promise<string[]>;
  /** The same, once it shows what is awaited. */
  until(isAwaited: (lines: readonly string[]) => boolean, what: string): Promise<string[]>;
}

export interface Tmux {
  /** A window of its own in which a shell runs `script`, and waits after it. */
  open(
    size: { columns: number; rows: number },
    script: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Pane>;
}

const run = promisify(execFile);

const SETTINGS = [
  'set -g exit-empty off',
  'set -g status off',
  'set -g default-terminal tmux-256color',
  'set -g default-shell /bin/sh',
];

/** Starts a tmux of its own, which ends with the harness. */
export async function startTmux(harness: Harness): Promise<Tmux> {
  const socket = join(harness.dir, 'tmux.sock');
  const settings = join(harness.dir, 'tmux.conf');
  writeFileSync(settings, `${SETTINGS.join('\n')}\n`);
  const env = { LC_ALL: 'C.UTF-8', TERM: 'xterm-256color', TMUX: undefined };
  const server = await harness.spawn('tmux', 'tmux', ['-D', '-u', '-S', socket, '-f', settings], { env });
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await run('tmux', ['-u', '-S', socket, ...args], { env: { ...process.env, ...env } })).stdout;
  await server.until(() => tmux('show', '-g', 'exit-empty').then((text) => text.includes('off')), {
    what: 'tmux to answer',
  });
  let opened = 0;
  return {
    open: async ({ columns, rows }, script, variables) => {
      const name = `pane-${++opened}`;
      const file = join(harness.dir, `${name}.sh`);
      // Ctrl-C is for the command, not for the shell around it.
      writeFileSync(file, `trap : INT\n${script}\nexec sleep 600\n`);
      const set = Object.entries(variables).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
      const size = ['-x', `${columns}`, '-y', `${rows}`];
      await tmux('new-session', '-d', '-s', name, ...size, ...set, `/bin/sh ${file}`);
      const capture = async (): Promise<string[]> => {
        const [shown, joined] = [
          await tmux('capture-pane', '-p', '-e', '-t', name),
          await tmux('capture-pane', '-p', '-J', '-t', name),
        ].map((text) => text.replace(/\n+$/, '').split('\n'));
        if (shown?.length !== joined?.length) throw new Error(`a line wraps:\n${shown?.join('\n')}`);
        return marked(shown ?? []);
      };
      return {
        capture,
        keys: async (...names) => void (await tmux('send-keys', '-t', name, ...names)),
        resize: async (width, height) =>
          void (await tmux('resize-window', '-t', name, '-x', `${width}`, '-y', `${height}`)),
        until: async (isAwaited, what) => {
          let last: string[] = [];
          const shows = async (): Promise<boolean> => {
            last = await capture();
            return isAwaited(last);
          };
          await server.until(shows, { what }).catch((error: unknown) => {
            throw new Error(`it shows:\n${last.join('\n')}`, { cause: error });
          });
          return last;
        },
      };
    },
  };
}

const SGR: Readonly<Record<string, string>> = {
  ...{ 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow' },
};

/** Versions of tmux write the same colours in other ways: what counts is which are on. */
function marked(lines: readonly string[]): string[] {
  const on = new Set<string>();
  let told = '';
  return lines.map((line) =>
    line
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
      .split(/(\u001b\[[0-9;]*m)/)
      .map((part) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
        const codes = /^\u001b\[([0-9;]*)m$/.exec(part)?.[1];
        if (codes !== undefined) {
          for (const code of codes.split(';')) switchOn(on, code);
          return '';
        }
        const now = [...on].sort().join(' ');
        if (now === told || part === '') return part;
        told = now;
        return `{${now}}${part}`;
      })
      .join(''),
  );
}

function switchOn(on: Set<string>, code: string): void {
  const colors = ['red', 'green', 'yellow'];
  if (code === '0' || code === '') on.clear();
  if (code === '22') for (const name of ['bold', 'dim']) on.delete(name);
  if (code === '39' || /^3[0-7]$/.test(code)) for (const name of colors) on.delete(name);
  const name = SGR[code];
  if (name) on.add(name);
}
