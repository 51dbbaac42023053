// Reads log groups with the AWS SDK, and says in our words what went wrong. Loaded on demand, by changes-logs.ts.
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { messageOf, NextStepError } from '../model/errors.js';
import { plainText } from '../model/text.js';

export interface LogRecord {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly text: string;
}

/** Reads what was logged from `fromMs` on, in the order of its time. Throws NextStepError. */
export type ReadLogs = (group: string, fromMs: number) => Promise<LogRecord[]>;

/** Our own lines; metrics have no level, and Lambda's own lines no request id there. */
const OWN_LINES = '{ $.level = "*" && $.requestId = "*" }';
/** Of 1 MB at most each; a week of quiet runs is five. */
const MAX_PAGES = 500;
const CONNECT_MS = 5_000;
const ANSWER_MS = 20_000;

/** Region, credentials and endpoint (`AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`) come from the environment. */
export function makeLogsClient(): ReadLogs {
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const client = new CloudWatchLogsClient({
    ...(region === undefined ? {} : { region }),
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
  });
  return async (group, fromMs) => {
    const records: LogRecord[] = [];
    let nextToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const command = new FilterLogEventsCommand({
        logGroupName: group,
        startTime: fromMs,
        filterPattern: OWN_LINES,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      const answer = await client.send(command).catch((error: unknown) => {
        throw explain(error, group);
      });
      for (const { eventId = '', timestamp = 0, message = '' } of answer.events ?? [])
        records.push({ id: eventId, atMs: timestamp, text: message });
      nextToken = answer.nextToken;
      if (nextToken === undefined) return records;
    }
    throw new NextStepError(
      `log group ${group}`,
      `it has over ${MAX_PAGES} pages of that time`,
      'name a later --since',
    );
  };
}

/** By the error's name (API reference, FilterLogEvents, and common errors): what, and the next step. */
const EXPLAINED: readonly (readonly [RegExp, string, string])[] = [
  [/^ResourceNotFound/, 'there is none of that name', "is it the stack's name, and AWS_REGION its region?"],
  [/^AccessDenied/, 'access denied', 'allow logs:FilterLogEvents on it'],
  [/^CredentialsProviderError$/, 'no AWS credentials', 'log in, or name a profile in AWS_PROFILE'],
  [/^ExpiredToken|^UnrecognizedClient|^InvalidSignature/, 'AWS refuses our credentials', 'log in again'],
  [/^Throttling/, 'AWS answers too many requests', 'try again, with a later --since'],
];

function explain(error: unknown, group: string): NextStepError {
  const name = error instanceof Error ? error.name : '';
  const known = EXPLAINED.find(([pattern]) => pattern.test(name));
  const subject = `log group ${group}`;
  if (known) return new NextStepError(subject, known[1], `${known[2]} (${name})`);
  const said = messageOf(error).replace(/\s+/g, ' ');
  if (/region is missing/i.test(said))
    return new NextStepError(subject, 'no AWS region', 'name it in AWS_REGION');
  return new NextStepError(
    subject,
    `cannot be read (${plainText(name)}: ${plainText(said)})`,
    'is AWS reachable from here?',
  );
}
