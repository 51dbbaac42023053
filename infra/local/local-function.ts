// Runs a built bundle as Lambda does: one warm environment of its own, one event after another, a deadline.
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { lambdaContext } from '../../lib/cli/invoke.js';

export interface LocalFunctionOptions {
  readonly name: string;
  /** The bundle, `dist/watch/index.mjs`. */
  readonly bundle: string;
  /** Its whole environment, as on Lambda; only PATH and HOME come from ours. */
  readonly env: Readonly<Record<string, string>>;
  /** Longest time an invocation may take; that of the stack by default. */
  readonly timeoutMs?: number;
  /** Told every line it prints to stdout and stderr. */
  readonly onOutput?: (line: string) => void;
}

/** `payload` is JSON: what the handler returned, or `{ errorType, errorMessage }`. */
export interface Invocation {
  readonly ok: boolean;
  readonly payload: string;
}

export interface LocalFunction {
  readonly name: string;
  /** Runs after all invocations before it (reserved concurrency 1). Never rejects. */
  invoke(event: unknown): Promise<Invocation>;
  /** Forgets the warm environment: the next invocation is a cold start. */
  cool(): Promise<void>;
  close(): Promise<void>;
}

/** Loads nothing yet: the first invocation is the cold start. */
export function makeLocalFunction(options: LocalFunctionOptions): LocalFunction {
  const { name } = options;
  let worker: Worker | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;
  let count = 0;

  const cool = async (): Promise<void> => {
    const old = worker;
    worker = undefined;
    await old?.terminate();
  };

  const run = async (event: unknown): Promise<Invocation> => {
    if (closed) return failure('Closed', `${name} is being stopped`);
    worker ??= startWorker(options);
    const { getRemainingTimeInMillis, ...context } = lambdaContext(name);
    const timeoutMs = options.timeoutMs ?? getRemainingTimeInMillis();
    const invocation = await runIn(worker, {
      id: ++count,
      event,
      context,
      deadline: threadsMs() + timeoutMs,
    });
    // Out of time, or its thread has ended: Lambda throws the environment away.
    if (invocation.lost) await cool();
    return invocation;
  };

  return {
    name,
    invoke: (event) => {
      const done = queue.then(() => run(event));
      queue = done;
      return done;
    },
    cool,
    close: () => {
      closed = true;
      return cool();
    },
  };
}

interface Message {
  readonly id: number;
  readonly event: unknown;
  readonly context: object;
  /** Of `threadsMs`. */
  readonly deadline: number;
}

/** Milliseconds by a clock that never jumps and that all threads share: each has a `performance` of its own. */
function threadsMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function runIn(worker: Worker, message: Message): Promise<Invocation & { readonly lost?: boolean }> {
  return new Promise((resolve) => {
    const settle = (invocation: Invocation & { readonly lost?: boolean }): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      resolve(invocation);
    };
    const onMessage = (answer: Invocation & { readonly id: number }): void => {
      if (answer.id === message.id) settle({ ok: answer.ok, payload: answer.payload });
    };
    const onError = (error: Error): void => settle({ ...failure(error.name, error.message), lost: true });
    const onExit = (): void => settle({ ...failure('Runtime.ExitError', 'the function ended'), lost: true });
    const timeoutMs = Math.round(message.deadline - threadsMs());
    const timer = setTimeout(
      () => settle({ ...failure('Sandbox.Timedout', `no result within ${timeoutMs} ms`), lost: true }),
      timeoutMs,
    );
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(message);
  });
}

function startWorker({ name, bundle, env, onOutput }: LocalFunctionOptions): Worker {
  const worker = new Worker(new URL('./function-worker.mjs', import.meta.url), {
    name,
    // The bundle alone, without what loads TypeScript here.
    execArgv: [],
    workerData: { bundle: pathToFileURL(bundle).href },
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdout: true,
    stderr: true,
  });
  for (const stream of [worker.stdout, worker.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onOutput?.(line);
    });
  }
  worker.unref();
  worker.on('error', () => undefined);
  return worker;
}

function failure(errorType: string, errorMessage: string): Invocation {
  return { ok: false, payload: JSON.stringify({ errorType, errorMessage }) };
}
