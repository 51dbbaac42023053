// `iri-lb changes`: what it prints of a history, and what it says it does not know.
import { execFile, spawn } from 'node:child_process';
import { appendFileSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type History, makeHistory } from '../../lib/run/history/history.js';
import { changed, held, LB, look, report, server } from '../run/history/facts.js';
import { type FileRig, fileRig, START } from '../run/history/file-rig.js';
import { NOWHERE, runChanges } from './changes-rig.js';
import { iriLb } from './iri-lb.js';

let rig: FileRig;
const servers: http.Server[] = [];
beforeEach(() => {
  rig = fileRig();
});
afterEach(async () => {
  for (const started of servers.splice(0)) {
    started.closeAllConnections();
    await new Promise((resolve) => started.close(resolve));
  }
  rig.end();
});

const at = (minute: number): void => {
  rig.now = START + minute * 60_000;
};
const keep = (file: string | undefined = rig.path): History =>
  makeHistory({
    clock: { wallMs: () => rig.now },
    warn: (text) => rig.warnings.push(text),
    who: { build: '0.1.0 abc', configuration: '0123456789ab' },
    ...(file === undefined ? {} : { file }),
  });

/** Ten minutes, with a run or look each, in which one of everything happens. */
function busyMinutes(history: History): void {
  const minutes: (() => void)[] = [
    () => history.look(look({ atMs: rig.now, servers: [server('irisrv1')] })),
    () =>
      history.report(report({ changes: [changed('irisrv2', { instance: 'n2/iri-1' })] }), {
        trigger: 'watch',
        lagMs: 12.4,
      }),
    () => {
      const details = {
        irisrv1: { sinceSeconds: 4, check: { status: 'L4CON', words: 'Connection refused' } },
      };
      history.look(look({ atMs: rig.now, servers: [server('irisrv1', { status: 'DOWN' })], details }));
    },
    () => history.report(report({ pools: held({ irisrv3: null }) }), { trigger: 'resync' }),
    () =>
      history.look(
        look({ atMs: rig.now, servers: [server('irisrv1', { weight: 9 })], held: { irisrv3: null } }),
      ),
    () =>
      history.report(report({ error: 'haproxy tcp://lb1:9000: no prompt', pools: [] }), {
        trigger: 'resync',
      }),
    () =>
      history.report(
        report({ changes: [changed('irisrv4', { result: 'failed', error: 'HAProxy said "No."' })] }),
        { trigger: 'resync' },
      ),
    () => history.look(look({ atMs: rig.now, servers: [server('irisrv1')], startedAt: rig.now / 1_000 - 3 })),
    () => history.identify({ build: '0.1.0 abc', configuration: 'ffffffffffff' }),
    () => history.failed('consul: not every load balancer is known'),
  ];
  minutes.forEach((happens, minute) => {
    at(minute + 0.5);
    happens();
  });
}

describe('a history in a file', () => {
  it('is told line by line: when, what, who, where and why', async () => {
    busyMinutes(keep());
    const { status, out, err } = await runChanges({ args: ['--from', rig.path] });
    expect(out).toEqual([
      'history.jsonl, complete since 02:00:00Z',
      'changes since 02:00:00Z, 10 min ago',
      '02:01:30Z + added     n2/iri-1  lb1:9000 iri_back/irisrv2  at 10.0.0.1:14265; passing in Consul; 12 ms after the blocking query returned',
      "02:02:30Z - DOWN      n1/iri-1  lb1:9000 iri_back/irisrv1  by HAProxy's check (L4CON: Connection refused), since 7 min ago, 02:02:26Z",
      '02:03:30Z ~ drained   -  lb1:9000 iri_back/irisrv3  held by its operator or agent-check',
      '02:04:30Z ~ elsewhere n1/iri-1  lb1:9000 iri_back/irisrv1  at 10.0.0.1:14265, weight 1 → 9; by somebody else, found between two looks',
      "02:04:30Z + UP        n1/iri-1  lb1:9000 iri_back/irisrv1  by HAProxy's check",
      '02:05:30Z - failing   lb1:9000  haproxy tcp://lb1:9000: no prompt',
      '02:06:30Z - FAILED    n1/iri-1  lb1:9000 iri_back/irisrv4  at 10.0.0.1:14265; add failed: HAProxy said "No." (passing in Consul)',
      '02:06:30Z + undrained -  lb1:9000 iri_back/irisrv3',
      '02:06:30Z + well      lb1:9000  runs succeed again; they failed since 4 min ago, 02:05:30Z',
      '02:07:30Z ~ restarted lb1:9000  HAProxy 3.0.1, process 7, since 2 min ago, 02:07:27Z',
      '02:08:30Z * config    configuration 0123456789ab → ffffffffffff',
      '02:09:30Z - failing   consul: not every load balancer is known',
    ]);
    expect(err).toEqual([]);
    expect(status).toBe(0);
  });

  it.each([
    ['n2/iri-1', 1],
    ['iri-1', 5],
    ['10.0.0.1:14265', 3],
    ['10.0.0.1', 3],
    ['iri_back/irisrv3', 2],
  ])('is told of %s alone', async (name, count) => {
    busyMinutes(keep());
    const { out } = await runChanges({ args: ['--from', rig.path, '--instance', name] });
    expect(out).toHaveLength(2 + count);
  });

  it('has a hint where nobody is called so', async () => {
    busyMinutes(keep());
    const { status, out, err } = await runChanges({ args: ['--from', rig.path, '--instance', 'n2/iri-2'] });
    expect(out.at(-1)).toBe('nothing changed');
    expect(err).toEqual([expect.stringMatching(/^iri-lb: nothing of "n2\/iri-2" there; near: n[12]\/iri-1/)]);
    expect(status).toBe(0);
  });

  it('says "nothing changed" only of time that is covered', async () => {
    const last = async (...args: string[]): Promise<readonly string[]> =>
      (await runChanges({ args: ['--from', rig.path, ...args] })).out;
    writeFileSync(rig.path, '');
    expect(await last()).toEqual([
      'history.jsonl, empty',
      'nothing is known of any time',
      'changes since 02:00:00Z, 10 min ago',
      'not known whether anything changed',
    ]);
    at(5);
    const history = keep();
    for (const minute of [6, 7, 8, 9, 10]) {
      at(minute);
      history.report(report({}), { trigger: 'resync' });
    }
    expect(await last('--since', '5m')).toEqual([
      'history.jsonl, complete since 02:05:00Z',
      'changes since 02:05:00Z, 5 min ago',
      'nothing changed',
    ]);
    expect(await last('--since', '6m')).toEqual([
      'history.jsonl, complete since 02:05:00Z',
      'what happened before that is not known',
      'changes since 02:04:00Z, 6 min ago',
      'no change is known of; not all of that time is covered',
    ]);
    expect((await runChanges({ args: ['--from', rig.path, '--since', '30m'], minute: 30 })).out).toEqual([
      'history.jsonl, complete since 02:05:00Z',
      'what happened before that is not known',
      'it ends at 02:10:00Z: what happened since is not known',
      'changes since 02:00:00Z, 30 min ago',
      'no change is known of; not all of that time is covered',
    ]);
  });

  it('has its gaps among its events', async () => {
    const first = keep();
    at(1);
    first.report(report({ changes: [changed('irisrv1')] }), { trigger: 'resync' });
    first.close();
    at(8);
    keep();
    const { out } = await runChanges({ args: ['--from', rig.path] });
    expect(out).toEqual([
      'history.jsonl, with a gap since 02:00:00Z',
      '7 min in a gap: what happened then is not known',
      'changes since 02:00:00Z, 10 min ago',
      expect.stringContaining('02:01:00Z + added'),
      '02:01:00Z ? unknown   what happened for 7 min is not known: nobody kept it',
    ]);
  });

  it('is JSON for programs, whole', async () => {
    busyMinutes(keep());
    const { out } = await runChanges({ args: ['--from', rig.path, '--json', '--since', '02:09'] });
    expect(JSON.parse(out.join('\n'))).toEqual({
      version: 1,
      source: 'history.jsonl',
      since: '2026-11-28T02:09:00.000Z',
      complete: true,
      cover: { from: '2026-11-28T02:00:00.000Z', until: '2026-11-28T02:09:30.000Z', gaps: [] },
      events: [
        {
          version: 1,
          at: '2026-11-28T02:09:30.000Z',
          kind: 'runs-failing',
          errors: ['consul: not every load balancer is known'],
        },
      ],
    });
  });

  it('counts the lines that are none', async () => {
    busyMinutes(keep());
    appendFileSync(rig.path, 'what is this\n');
    const { err } = await runChanges({ args: ['--from', rig.path] });
    expect(err).toEqual(['warning: 1 lines of history.jsonl are cut off or not ours; they were passed over']);
  });

  it('shows kinds that it does not know yet, and nothing that a terminal would act on', async () => {
    keep().report(
      report({ changes: [changed('x', { slot: '\u001b[2Jx', instance: 'a\u202eb/c', reason: '\u0007' })] }),
      { trigger: 'resync' },
    );
    appendFileSync(
      rig.path,
      '{"version":1,"at":"2026-11-28T02:05:00.000Z","kind":"later\\u001b[2J","what":1}\n',
    );
    appendFileSync(rig.path, '{"version":1,"at":"2026-11-28T02:06:00.000Z","kind":"change","slot":1}\n');
    const { out } = await runChanges({ args: ['--from', rig.path] });
    expect(out.at(-1)).toContain('02:06:00Z * change    {"version":1');
    expect(out.at(-3)).toContain(String.raw`a\u202eb/c  lb1:9000 iri_back/\u001b[2Jx`);
    expect(out.at(-2)).toContain(String.raw`02:05:00Z * later\u001b[2J {"version":1`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(out.join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it.each([40, 80, 200])('fits %d columns, in colours', async (columns) => {
    busyMinutes(keep());
    const { out } = await runChanges({ args: ['--from', rig.path], screen: { columns, rows: 24 } });
    expect(out).toHaveLength(14);
    expect(out.join('')).toContain('\u001b[32m');
    for (const line of out) expect([...stripVTControlCharacters(line)].length).toBeLessThanOrEqual(columns);
    const plain = await runChanges({
      args: ['--from', rig.path],
      screen: { columns, rows: 24 },
      env: { NO_COLOR: '1' },
    });
    expect(plain.out.join('')).not.toContain('\u001b');
  });

  it('goes on with what happens, until it is stopped', async () => {
    const history = keep();
    const happens = (line: string): void => {
      if (line.startsWith('no change'))
        history.report(report({ changes: [changed('irisrv1'), changed('irisrv2')] }), { trigger: 'resync' });
    };
    const { status, out } = await runChanges({
      args: ['--from', rig.path, '--follow'],
      minute: 0,
      stopAfter: 5,
      onLine: happens,
    });
    expect(out.slice(-2)).toEqual([
      expect.stringContaining('iri_back/irisrv1'),
      expect.stringContaining('iri_back/irisrv2'),
    ]);
    expect(status).toBe(0);
  });
});

describe('a source', () => {
  const served = async (history: History): Promise<string> => {
    const started = http.createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      const page = history.since(Number(searchParams.get('since')));
      if (pathname !== '/history') response.statusCode = 404;
      response.end(JSON.stringify(page));
    });
    return listen(started);
  };
  const listen = async (started: http.Server): Promise<string> => {
    servers.push(started);
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
  };
  const answering = (status: number, text: string): Promise<string> =>
    listen(http.createServer((_request, response) => response.writeHead(status).end(text)));

  it('is the run of this machine, else its file, else an error that names all three', async () => {
    const file = keep();
    const memory = keep(undefined);
    memory.failed('in memory');
    file.failed('in the file');
    const run = await served(memory);
    expect((await runChanges({ args: [], places: { run, file: rig.path } })).out).toEqual([
      `iri-lb run at ${new URL(run).host}, complete since 02:00:00Z`,
      'it ends at 02:00:00Z: what happened since is not known',
      'changes since 02:00:00Z, 10 min ago',
      '02:00:00Z - failing   in memory',
    ]);
    expect((await runChanges({ args: [], places: { ...NOWHERE, file: rig.path } })).out.at(-1)).toMatch(
      /in the file$/,
    );
    const none = await runChanges({ args: [] });
    expect(none.status).toBe(1);
    expect(none.err).toEqual([
      'iri-lb: no history: no iri-lb run answers at 127.0.0.1:1 (ECONNREFUSED), there is no file "/nowhere/history.jsonl", ' +
        'and no logs are named; name one: --from FILE, --from URL (of iri-lb run), or --from aws:STACK (logs of the functions)',
    ]);
  });

  it('is what IRI_LB_HISTORY names, and --from before it', async () => {
    keep().failed('in the file');
    const env = { IRI_LB_HISTORY: rig.path };
    expect((await runChanges({ args: [], env })).out[0]).toMatch(/^history\.jsonl/);
    const { status, err } = await runChanges({ args: ['--from', '/nowhere/else'], env });
    expect(status).toBe(1);
    expect(err).toEqual([
      expect.stringMatching(
        /^iri-lb: --from "\/nowhere\/else": there is no such file; iri-lb run --history FILE/,
      ),
    ]);
  });

  it('that is followed over HTTP tells what happens at once', async () => {
    const history = keep(undefined);
    history.failed('before');
    const run = await served(history);
    const { status, out } = await runChanges({
      args: ['--from', run, '--follow', '--json'],
      stopAfter: 3,
      onLine: (line) => {
        if (line.includes('before')) history.report(report({}), { trigger: 'resync' });
      },
    });
    expect(status).toBe(0);
    expect(out.map((line) => JSON.parse(line))).toMatchObject([
      { kind: 'cover', version: 1, complete: false },
      { kind: 'runs-failing' },
      { kind: 'runs-well' },
    ]);
  });

  it('may be started anew while it is followed, and not stay away', async () => {
    const history = keep(undefined);
    history.failed('before');
    const run = await served(history);
    let refused = 0;
    servers[0]?.prependListener('request', (_request, response) => {
      refused += 1;
      if (refused > 1 && (refused < 5 || refused > 6)) response.statusCode = 503;
    });
    const { status, out, err } = await runChanges({
      args: ['--from', run, '--follow'],
      onLine: (line) => {
        if (line.includes('before')) history.report(report({}), { trigger: 'resync' });
      },
    });
    expect(out.filter((line) => line.includes('runs succeed again'))).toHaveLength(1);
    expect(status).toBe(1);
    expect(err).toEqual([
      expect.stringMatching(/^iri-lb: 127\.0\.0\.1:\d+: it answers 503; is it where iri-lb run listens/),
    ]);
    expect(refused).toBe(6 + 15);
  });

  it.each([
    ['another program', 200, '<html>hello</html>', /has no history/],
    ['a newer one', 200, '{"cover":{"from":1,"gaps":[]},"events":[]}', /has no history/],
    ['one without gaps', 200, '{"cover":{},"events":[]}', /has no history/],
    ['one that refuses', 404, '', /it answers 404/],
  ])('that is %s is none', async (_what, status, text, said) => {
    const run = await answering(status, text);
    const named = await runChanges({ args: ['--from', run] });
    expect(named.status).toBe(1);
    expect(named.err).toEqual([expect.stringMatching(said)]);
    keep().failed('in the file');
    const { out } = await runChanges({ args: [], places: { run, file: rig.path } });
    expect(out[0]).toMatch(/^history\.jsonl/);
  });

  it.each([
    [['--from', 'ftp://lb1/history'], /is no http:\/\/ or https:\/\/ URL/],
    [['--from', 'http://me:hunter2@lb1/'], /without a user in it/],
    [['--from', 'aws:'], /"aws:" names no stack; use aws:NAME/],
    [['--from', 'aws:a b'], /names no stack/],
    [['--since', 'soon'], /is no time/],
  ])('%j is wrong usage', async (args, said) => {
    const { status, err } = await runChanges({ args });
    expect(status).toBe(64);
    expect(err).toEqual([expect.stringMatching(said)]);
    expect(err.join('')).not.toContain('hunter2');
  });

  it('that is a link or no history is refused', async () => {
    symlinkSync('/etc/passwd', rig.path);
    expect(await runChanges({ args: ['--from', rig.path] })).toMatchObject({
      status: 64,
      err: [expect.stringMatching(/is a link/)],
    });
    expect(await runChanges({ args: ['--from', '/etc/passwd'] })).toMatchObject({
      status: 64,
      err: [expect.stringMatching(/is no history/)],
    });
  });
});

describe('the process', () => {
  it('ends with 0 at Ctrl-C, and when nobody reads it any more', async () => {
    keep().failed('before');
    const { command, options } = iriLb.line(['changes', '--follow', '--since', '2d', '--from', rig.path], {});
    const child = spawn(process.execPath, command, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve) => {
      child.stdout.once('data', () => resolve());
    });
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);

    const line = [process.execPath, ...command].map((part) => `'${part}'`).join(' ');
    const event = { version: 1, at: new Date().toISOString(), kind: 'runs-well', loadBalancer: LB };
    // It finds out with the next line that it prints.
    const reader = `{ head -1; exec <&-; echo '${JSON.stringify(event)}' >> '${rig.path}'; }`;
    const piped = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
      const script = `${line} | ${reader}; echo "\${PIPESTATUS[0]}"`;
      execFile('bash', ['--norc', '-c', script], options, (_error, stdout, stderr) =>
        resolve({ stdout, stderr }),
      );
    });
    expect(piped.stderr).toBe('');
    expect(piped.stdout).toMatch(/^history\.jsonl, .*\n0\n$/);
  });
});
