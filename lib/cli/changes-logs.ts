// Reads a history out of the logs of a stack's functions.
import { NextStepError } from '../model/errors.js';
import type { OpenSource, SourceOptions } from './changes-source.js';

export async function openLogs(stack: string, _options: SourceOptions): Promise<OpenSource> {
  throw new NextStepError(`stack ${stack}`, 'logs are not read yet', 'name a file or a URL');
}
