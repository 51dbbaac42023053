// Opens what `iri-lb changes` reads: a file, a URL, a stack's logs; or the local `run`, else its file.
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, detailOf, NextStepError } from '../model/errors.js';
import { plainText, quote } from '../model/text.js';
import { HistoryFileError } from '../run/history/open-file.js';
import { HISTORY_FILE, HISTORY_PATH, LOCAL_RUN } from '../run/history/places.js';
import { readHistoryFile } from '../run/history/read-file.js';
import { openUrl } from './changes-http.js';
import type { OpenSource, SourceOptions } from './changes-source.js';
import { usageError } from './usage.js';

/** How often a file is looked at for more, in milliseconds. */
const POLL_MS = 250;

/** Opens the one that `--from` names, else IRI_LB_HISTORY, else the first that there is. Throws where there is none. */
export async function openSource(from: string | undefined, options: SourceOptions): Promise<OpenSource> {
  const named = from ?? options.env.IRI_LB_HISTORY;
  if (named !== undefined && named !== '') return openNamed(named, from === undefined, options);
  const { run, file } = options.places ?? { run: LOCAL_RUN, file: HISTORY_FILE };
  const local = await openUrl(urlOf(run), options).catch((error: unknown) => detailOf(error).detail);
  if (typeof local !== 'string') return local;
  const kept = await openFile(file, options);
  if (kept) return kept;
  throw new NextStepError(
    'no history',
    `no iri-lb run answers at ${new URL(run).host} (${local}), there is no file ${quote(file)}, and no logs are named`,
    'name one: --from FILE, --from URL (of iri-lb run), or --from aws:STACK (logs of the functions)',
  );
}

async function openNamed(named: string, isVariable: boolean, options: SourceOptions): Promise<OpenSource> {
  const name = isVariable ? 'IRI_LB_HISTORY' : '--from';
  const stack = /^aws:(.*)$/s.exec(named)?.[1];
  if (stack !== undefined) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(stack))
      throw usageError(`${name} ${quote(named)} names no stack; use aws:NAME, its name in the settings`);
    const { openLogs } = await import('./changes-logs.js');
    return openLogs(stack, options);
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(named)) {
    const url = URL.canParse(named) ? urlOf(named) : undefined;
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
      throw usageError(`${name} is no http:// or https:// URL without a user in it`);
    return openUrl(url, options);
  }
  const kept = await openFile(named, options);
  if (kept) return kept;
  throw new NextStepError(
    `${name} ${quote(named)}`,
    'there is no such file',
    'iri-lb run --history FILE and apply --history FILE write one',
  );
}

/** A URL without a path is that of a process. */
function urlOf(text: string): URL {
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = HISTORY_PATH;
  return url;
}

async function openFile(
  path: string,
  { sinceMs, pollMs = POLL_MS }: SourceOptions,
): Promise<OpenSource | undefined> {
  const reader = await readHistoryFile(path, sinceMs).catch((error: unknown) => {
    if (error instanceof HistoryFileError) throw usageError(error.message);
    throw new NextStepError(
      `history ${quote(path)}`,
      `cannot be read (${codeOf(error)})`,
      'is it yours to read?',
    );
  });
  if (!reader) return undefined;
  return {
    name: plainText(basename(path)),
    page: reader.page,
    skipped: reader.skipped,
    close: () => reader.close(),
    async *more(signal) {
      while (!signal.aborted) {
        yield await reader.next();
        await sleep(pollMs, undefined, { signal }).catch(() => {});
      }
    },
  };
}
