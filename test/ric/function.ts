// A built function under Lambda's runtime client, on Node 24, as Lambda starts it.
import type { Child, Harness } from '../../infra/local/harness.js';
import type { RuntimeClient } from './cache.js';
import { type Outcome, startRuntimeApi } from './runtime-api.js';

export interface RunningFunction {
  /** From the start of the process to the first question for an event, in milliseconds. */
  readonly loadMs: Promise<number>;
  readonly child: Child;
  invoke(event: unknown, timeoutMs?: number): Promise<Outcome>;
  /** All that it has logged, as CloudWatch gets it. */
  log(): string;
  stop(): Promise<void>;
}

const MEMORY_MB = '512';

/** Starts the bundle in `folder` (`index.handler`) with these variables and no others of ours. */
export async function startFunction(
  harness: Harness,
  client: RuntimeClient,
  name: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningFunction> {
  const api = await startRuntimeApi(name);
  harness.onClose(() => api.close());
  const startedAt = performance.now();
  const child = await harness.spawn(name, client.node, [client.client, 'index.handler'], {
    cwd: folder,
    env: {
      ...env,
      _HANDLER: 'index.handler',
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: MEMORY_MB,
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: '1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      LAMBDA_TASK_ROOT: folder,
      NODE_OPTIONS: undefined,
    },
  });
  return {
    child,
    loadMs: api.ready.then((at) => at - startedAt),
    invoke: (event, timeoutMs = 45_000) => api.invoke(event, timeoutMs),
    log: () => child.output(),
    stop: () => child.stop(),
  };
}
