// A folder for a history's files, and events to put into them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HistoryEvent, isoOf } from '../../../lib/model/history.js';
import { type HistoryFile, type HistoryFileOptions, openHistoryFile } from '../../../lib/run/history/file.js';

export const START = Date.parse('2026-11-28T02:00:00.000Z');

export interface FileRig {
  readonly path: string;
  readonly warnings: string[];
  /** Opens it at `now`. */
  open(options?: Partial<HistoryFileOptions>): HistoryFile | undefined;
  /** The lines of one of its files, parsed. */
  lines(suffix?: string): { readonly kind: string; readonly [field: string]: unknown }[];
  now: number;
  end(): void;
}

export function fileRig(): FileRig {
  const folder = mkdtempSync(join(tmpdir(), 'iri-lb-history-'));
  const path = join(folder, 'history.jsonl');
  const warnings: string[] = [];
  const rig: FileRig = {
    path,
    warnings,
    now: START,
    open: (options = {}) =>
      openHistoryFile(path, { warn: (text) => warnings.push(text), nowMs: () => rig.now, ...options }),
    lines: (suffix = '') =>
      readFileSync(`${path}${suffix}`, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
  return rig;
}

/** The `number`-th second's event. */
export const drained = (number: number): HistoryEvent => ({
  version: 1,
  at: isoOf(START + number * 1_000),
  kind: 'drained',
  loadBalancer: 'tcp://lb1:9000',
  backend: 'iri_back',
  slot: `irisrv${number}`,
  instance: null,
});
