// Opens a port for people and programs: the token file, and who may ask.

import { messageOf } from '../model/errors.js';
import { type Access, makeAccess } from '../serve/access.js';
import { type Listening, listenHttp, type Route } from '../serve/http.js';
import { openTokenFile } from '../serve/token-file.js';
import type { Listen } from './listen-options.js';
import { usageError } from './usage.js';

/** Two hundred browsers, what else they ask for meanwhile, and programs. */
const MOST_CONNECTIONS = 1_024;

export interface OpenPort extends Listening {
  /** The token file was not there before. */
  readonly madeToken: boolean;
}

/** Throws what is wrong with the token file, as wrong usage, and what listening throws. */
export async function openPort(
  { host, port, access: rules, tokenFile, tls }: Listen,
  routesFor: (access: Access) => Readonly<Record<string, Route>>,
): Promise<OpenPort> {
  const made = tokenFile === undefined ? undefined : tokenIn(tokenFile);
  const access = makeAccess({ ...rules, ...(made ? { token: made.token } : {}) });
  const routes = routesFor(access);
  const listening = await listenHttp({
    ...{ host, port, routes, access, maxConnections: MOST_CONNECTIONS },
    ...(tls ? { tls } : {}),
  });
  return { ...listening, madeToken: made?.isNew ?? false };
}

function tokenIn(path: string): ReturnType<typeof openTokenFile> {
  try {
    return openTokenFile(path);
  } catch (error) {
    throw usageError(messageOf(error));
  }
}
