// Opens the page's port: the token file, who may ask, and the paths of the page beside others.

import { messageOf } from '../model/errors.js';
import { makeAccess } from '../serve/access.js';
import { type Listening, listenHttp, type Route } from '../serve/http.js';
import type { PageFiles } from '../serve/page/assets.js';
import type { PageServer } from '../serve/page/page.js';
import { pageRoutes } from '../serve/page/routes.js';
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
export async function openPage(
  { host, port, access: rules, tokenFile, tls }: Listen,
  files: PageFiles,
  page: () => PageServer | undefined,
  others: Readonly<Record<string, Route>>,
): Promise<OpenPort> {
  const made = tokenFile === undefined ? undefined : tokenIn(tokenFile);
  const access = makeAccess({ ...rules, ...(made ? { token: made.token } : {}) });
  const routes = { ...pageRoutes({ files, access, page }), ...others };
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
