// Both functions over HTTP, as one process: for a container behind any HTTP trigger.
import { once } from 'node:events';
import { readBearerToken } from '../lib/config/bearer-token.js';
import { messageOf } from '../lib/model/errors.js';
import { quote } from '../lib/model/text.js';
import { systemClock } from '../lib/run/system-clock.js';
import { makeAdapter } from '../lib/serve/http-adapter.js';
import { readHttpOptions, USAGE } from '../lib/serve/http-options.js';
import { handler as resync } from './resync/index.js';
import { handler as watch } from './watch/index.js';

const WRONG_USAGE = 64;
const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (argument !== undefined) {
    log(`http: ${quote(argument)} is not known; settings come from the environment, see --help`);
    return WRONG_USAGE;
  }
  const { port, host, tokenFile } = readHttpOptions(process.env);
  const token = tokenFile === undefined ? {} : { token: () => readBearerToken(tokenFile) };
  const { server, stop } = makeAdapter({ handlers: { watch, resync }, clock: systemClock, log, ...token });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const who = tokenFile === undefined ? 'on this machine alone: IRI_LB_TOKEN_FILE opens it' : 'with a token';
  log(`http: listening on port ${port}, ${who}`);
  await stopped;
  await stop();
  return 0;
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    log(`http: ${messageOf(error).replace(/^http: /, '')}`);
    process.exit(1);
  },
);
