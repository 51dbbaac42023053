// `iri-lb invoke watch|resync`: runs the built bundle as Lambda would, for debugging on a workstation.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Argument, type Command } from 'commander';
import { messageOf } from '../model/errors.js';
import { quote } from '../model/text.js';
import { told } from '../run/on-wait.js';
import { guarded, outJson, type Terminal } from './output.js';

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** The stack's defaults for both functions. */
const FUNCTION_TIMEOUT_MS = 45_000;
const FUNCTION_MEMORY_MB = 512;

/** `bundles` is the folder that holds `watch/index.mjs` and `resync/index.mjs`. */
export function registerInvoke(program: Command, terminal: Terminal, bundles: string): void {
  program
    .command('invoke')
    .addArgument(new Argument('<function>').choices(['watch', 'resync']))
    .description('run the built bundle of watch or resync with a Lambda-like context, and print its result')
    .option('--event <file>', 'JSON file with the event; samples are in functions/events')
    .option('--json', 'print the result as JSON (it always is)')
    .action((name: string, { event }: { event?: string }) =>
      guarded(terminal, async () => {
        const file = `${bundles}/${name}/index.mjs`;
        if (!existsSync(file)) throw new Error(`${file} is not built; run npm run build`);
        const input = event === undefined ? {} : readEvent(event);
        const { handler } = (await import(pathToFileURL(file).href)) as { handler: Handler };
        const result = handler(input, lambdaContext(name));
        outJson(terminal, await told(terminal.onWait, `the function ${name}`, result, FUNCTION_TIMEOUT_MS));
      }),
    );
}

/** A context as Lambda hands it to a handler. `now`: milliseconds by a clock that never jumps. */
export function lambdaContext(name: string, now: () => number = () => performance.now()) {
  const deadline = now() + FUNCTION_TIMEOUT_MS;
  return {
    functionName: `iri-lb-${name}`,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:iri-lb-${name}`,
    memoryLimitInMB: String(FUNCTION_MEMORY_MB),
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/iri-lb-${name}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - now()),
  };
}

function readEvent(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const what =
      error instanceof SyntaxError
        ? `is not JSON (${messageOf(error)})`
        : `cannot be read (${messageOf(error)})`;
    throw new Error(`event file ${quote(file)} ${what}; samples are in functions/events`);
  }
}
