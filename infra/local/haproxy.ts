// Starts a real HAProxy in the foreground; asks it things beside the admin socket that is under test.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Child, Harness } from './harness.js';
import { haproxyBin } from './programs.js';

export interface HAProxyOptions {
  /** The whole configuration. A unix socket for query() is added in a file beside it. */
  readonly config: string;
  /** The port of its `stats socket 127.0.0.1:PORT`. */
  readonly adminPort: number;
  /** Runs master and worker (`-W`), which reload() needs. */
  readonly master?: boolean;
  /** `HAPROXY_BIN`, else `haproxy` in the PATH. */
  readonly bin?: string;
}

export interface HAProxy {
  /** As `HAPROXY_ADDRESSES` takes it. */
  readonly admin: string;
  readonly configFile: string;
  /** Of the process started; the master with `-W`. */
  readonly pid: number;
  readonly child: Child;
  /** One command on a unix socket of its own, so that the exclusive admin socket stays free. */
  query(command: string): Promise<string>;
  /** SIGTERM, or SIGKILL at once. */
  stop(kill?: boolean): Promise<void>;
  /** Kills it and starts it again: everything set at runtime is lost. */
  restart(config?: string): Promise<void>;
  /** Reloads as systemd does (SIGUSR2 to the master); resolves when a new worker answers. */
  reload(config?: string): Promise<void>;
}

const run = promisify(execFile);

export { haproxyBin };

/** Checks the configuration, starts HAProxy and waits until it answers. Throws with HAProxy's own words. */
export async function startHAProxy(harness: Harness, options: HAProxyOptions): Promise<HAProxy> {
  const { adminPort, master = false, bin = haproxyBin() } = options;
  const folder = join(harness.dir, `haproxy-${adminPort}`);
  mkdirSync(folder, { recursive: true });
  const configFile = join(folder, 'haproxy.cfg');
  const querySocket = join(folder, 'query.sock');
  const queryFile = join(folder, 'query.cfg');
  writeFileSync(queryFile, `global\n  stats socket ${querySocket} mode 600 level admin\n`);
  const files = ['-f', configFile, '-f', queryFile];
  const query = (command: string): Promise<string> => askSocket(querySocket, command);
  const writeConfig = async (config: string): Promise<void> => {
    writeFileSync(configFile, config);
    await checkConfig(bin, files);
  };
  // A master that is not in its loop yet, while its worker serves already, misses signals.
  const masterSocket = join(folder, 'master.sock');
  const untilReady = async (started: Child): Promise<void> => {
    const answers = async (): Promise<boolean> =>
      (await query('show info')).includes('Pid:') &&
      (!master || (await askSocket(masterSocket, 'show proc\nquit')).includes('master'));
    await started.until(answers, { what: `HAProxy (${bin}) to answer on its socket` });
  };
  const start = async (): Promise<Child> => {
    const mode = master ? ['-W', '-S', masterSocket] : ['-db'];
    const started = await harness.spawn('haproxy', bin, [...mode, ...files]);
    await untilReady(started);
    return started;
  };
  await writeConfig(options.config);
  let child = await start();

  return {
    admin: `tcp://127.0.0.1:${adminPort}`,
    configFile,
    get pid() {
      return child.pid;
    },
    get child() {
      return child;
    },
    query,
    stop: (kill = false) => child.stop(kill ? 0 : undefined),
    restart: async (config) => {
      if (config !== undefined) await writeConfig(config);
      await child.stop(0);
      child = await start();
    },
    reload: async (config) => {
      if (!master) throw new Error('haproxy: reload needs `master: true`');
      if (config !== undefined) await writeConfig(config);
      // Somebody else may have reloaded it a moment ago.
      await untilReady(child);
      const before = workerOf(await query('show info'));
      child.signal('SIGUSR2');
      await child.until(async () => workerOf(await query('show info')) !== before, {
        what: 'a new worker of HAProxy after the reload',
      });
      await untilReady(child);
    },
  };
}

function workerOf(info: string): string {
  const pid = /^Pid: (\d+)$/m.exec(info)?.[1];
  if (!pid) throw new Error('haproxy: `show info` without Pid');
  return pid;
}

async function checkConfig(bin: string, files: readonly string[]): Promise<void> {
  try {
    await run(bin, ['-c', ...files]);
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${bin} refuses the configuration: ${said || String(error)}`);
  }
}

/** Sends one command, non-interactively, to a unix socket and returns the answer up to its end. */
export function askSocket(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(path, () => socket.write(`${command}\n`));
    socket.setTimeout(10_000, () => socket.destroy(new Error(`${path}: no answer within 10000 ms`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}
