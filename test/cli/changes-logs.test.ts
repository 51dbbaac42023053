// `iri-lb changes --from aws:STACK`, against an endpoint that answers as CloudWatch Logs does.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeRecorder } from '../../lib/telemetry/recorder.js';
import { changed, report } from '../run/history/facts.js';
import { START } from '../run/history/file-rig.js';
import { runChanges } from './changes-rig.js';

interface Question {
  readonly logGroupName: string;
  readonly startTime: number;
  readonly filterPattern: string;
  readonly nextToken?: string;
}
interface Logged {
  readonly eventId: string;
  readonly timestamp: number;
  readonly message: string;
}

/** Two lines a page. */
const PAGE = 2;
let logs: Record<string, Logged[]>;
let asked: Question[];
let fault: { readonly status: number; readonly type: string } | undefined;
let server: http.Server;

beforeEach(async () => {
  logs = { '/aws/lambda/prod-watch': [], '/aws/lambda/prod-resync': [] };
  asked = [];
  fault = undefined;
  server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      expect(request.headers['x-amz-target']).toBe('Logs_20140328.FilterLogEvents');
      const question: Question = JSON.parse(Buffer.concat(chunks).toString());
      asked.push(question);
      const group = logs[question.logGroupName];
      const failure = fault ?? (group ? undefined : { status: 400, type: 'ResourceNotFoundException' });
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      if (failure) {
        response.writeHead(failure.status).end(JSON.stringify({ __type: failure.type, message: 'no' }));
        return;
      }
      const all = (group ?? []).filter(({ timestamp }) => timestamp >= question.startTime);
      const first = Number(question.nextToken ?? 0);
      const more = first + PAGE < all.length ? { nextToken: String(first + PAGE) } : {};
      response.end(JSON.stringify({ events: all.slice(first, first + PAGE), ...more }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv(
    'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hunter2');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

let requests = 0;
/** Logs a run of one of the functions. */
function log(kind: 'watch' | 'resync', minute: number, made: Parameters<typeof report>[0]): void {
  const atMs = START + minute * 60_000;
  const recorder = makeRecorder({
    clock: { wallMs: () => atMs, monotonicMs: () => 0 },
    build: '0.1.0 abc',
    configuration: () => '0123456789ab',
    write: (text) => {
      for (const message of text
        .trimEnd()
        .split('\n')
        .filter((line) => !line.includes('"_aws"')))
        logs[`/aws/lambda/prod-${kind}`]?.push({ eventId: `e${++requests}`, timestamp: atMs, message });
    },
  });
  recorder.begin({ awsRequestId: `r${++requests}`, functionName: `prod-${kind}` }).finished(report(made));
}

describe('the logs of a stack', () => {
  it('are read of both functions, over all pages, and told in the order of their times', async () => {
    for (const minute of [-4, -2, 1, 3, 5, 7, 9]) log('resync', minute, {});
    log('watch', 2, { changes: [changed('irisrv1'), changed('irisrv2'), changed('irisrv3')] });
    log('resync', 10, { error: 'haproxy: no prompt' });
    const { status, out, err } = await runChanges({ args: ['--from', 'aws:prod'] });
    expect(out).toEqual([
      'logs of prod, complete since 01:56:00Z',
      'changes since 02:00:00Z, 10 min ago',
      "functions do not see HAProxy's checks and restarts, nor what others change; lines come seconds late",
      expect.stringMatching(/^02:02:00Z \+ added .*irisrv1.*; 0 ms after the function began$/),
      expect.stringMatching(/^02:02:00Z \+ added .*irisrv2/),
      expect.stringMatching(/^02:02:00Z \+ added .*irisrv3/),
      '02:10:00Z - failing   lb1:9000  haproxy: no prompt',
    ]);
    expect([status, err]).toEqual([0, []]);
    expect(asked[0]).toMatchObject({
      startTime: START - 300_000,
      filterPattern: '{ $.level = "*" && $.requestId = "*" }',
    });
    expect(asked.length).toBeGreaterThan(4);
  });

  it('are followed, each line once, also one that comes late', async () => {
    for (const minute of [-1, 1, 3]) log('resync', minute, {});
    const { status, out } = await runChanges({
      args: ['--from', 'aws:prod', '--follow'],
      minute: 4,
      stopAfter: 7,
      onLine: (line) => {
        if (line.startsWith('no change')) log('resync', 4, { changes: [changed('irisrv1')] });
        // Of a time before that of the last one.
        if (line.includes('irisrv1')) log('watch', 3.9, { changes: [changed('irisrv2')] });
      },
    });
    expect(status).toBe(0);
    expect(out.slice(-2)).toEqual([
      expect.stringContaining('iri_back/irisrv1'),
      expect.stringContaining('iri_back/irisrv2'),
    ]);
  });

  it('that have no runs cover nothing', async () => {
    const { out } = await runChanges({ args: ['--from', 'aws:prod'] });
    expect(out.slice(0, 2)).toEqual(['logs of prod, empty', 'nothing is known of any time']);
  });

  it.each([
    [
      'ResourceNotFoundException',
      /there is none of that name; is it the stack's name, and AWS_REGION its region\? \(Res/,
    ],
    ['AccessDeniedException', /access denied; allow logs:FilterLogEvents on it/],
    ['UnrecognizedClientException', /AWS refuses our credentials; log in again/],
    ['SomethingElse', /cannot be read \(SomethingElse: no\); is AWS reachable from here\?/],
  ])('that answer %s say what to do', async (type, said) => {
    fault = { status: 400, type };
    const { status, out, err } = await runChanges({ args: ['--from', 'aws:prod'] });
    expect(status).toBe(1);
    expect(out).toEqual([]);
    expect(err).toEqual([expect.stringMatching(said)]);
    expect(err[0]).toMatch(/^iri-lb: log group \/aws\/lambda\/prod-(?:watch|resync): /);
    expect(err.join('')).not.toContain('hunter2');
  });

  it('of no stack at all are told of as that', async () => {
    expect((await runChanges({ args: ['--from', 'aws:dev'] })).err[0]).toMatch(/there is none of that name/);
  });
});
