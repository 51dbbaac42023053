// `npm start`: what it shows, that what it prints can be pasted, and that nothing stays behind however it ends.
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { commandOf, processesOf } from './leftovers.js';
import { type Program, runProgram, runTypeScript } from './process.js';

const programs: Program[] = [];
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.clear()));
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

function keep(program: Program): Program {
  programs.push(program);
  return program;
}

const startWith = (config: string | undefined, ...args: string[]): Program =>
  keep(runTypeScript('infra/local/start.ts', args, { LB_CONFIG: config }));
const start = (...args: string[]): Program => startWith(undefined, ...args);
const shell = async (command: string): Promise<{ status: number | string; out: string; err: string }> => {
  const run = keep(runProgram('/bin/sh', ['-c', command]));
  const status = await run.ended;
  return { status, out: run.stdout(), err: run.stderr() };
};
/** A command that was printed, with the lines that it goes on in. */
const printed = async (program: Program, begin: string): Promise<string> => {
  const line = new RegExp(`^${begin}(?:[^\\n]*\\\\\\n)*[^\\n]*$`, 'm');
  return (await program.prints(line))[0];
};
/** On both, or, where a burst was read between two load balancers, on one after the other. */
const IN_ROTATION = /iri-1 +in rotation +(?:both|lb\d) .*iri_back\/irisrv\d+ +weight 1$/m;

describe('npm start', () => {
  it('ends by itself with --for', async () => {
    const program = start('--no-demo', '--for', '2');
    expect(await program.ended).toBe(0);
    expect(program.stdout()).toMatch(/2 s have passed; everything is being stopped\n$/);
    await program.leavesNothing();
  }, 90_000);

  it('shows where everything is, and the life of a node', async () => {
    const program = start();

    await program.prints(
      /iri-6 +gone +(?:both|lb\d) .* iri_back.*\n(?:.*\n)*?.*now it is your turn\n(?:.*\n)*?.*iri-6 .*in rotation/,
      // Six steps of the demonstration, most of them with a check that comes every 2 s.
      100_000,
    );

    const shown = program.stdout();
    for (const line of [
      /^ +lb1 +lb2$/m,
      /^API +http:\/\/127\.0\.0\.1:\d+ +http:\/\/127\.0\.0\.1:\d+$/m,
      /^Page +http:\/\/127\.0\.0\.1:\d+\/ +\(who is in which slot, and why\)$/m,
      /^Stats page +http:\/\/127\.0\.0\.1:\d+ +http:\/\/127\.0\.0\.1:\d+$/m,
      /^HAProxy +tcp:\/\/127\.0\.0\.1:\d+ +tcp:\/\/127\.0\.0\.1:\d+ +\(admin\)$/m,
      /^Consul +http:\/\/127\.0\.0\.1:\d+\/ui$/m,
      IN_ROTATION,
      /rotation +both +\d+ ms +iri_/,
      /iri-4 +in rotation +(?:both|lb\d) .* iri_pow_back/,
      /iri-6 +in rotation +(?:both|lb\d) .* iri_back/,
      /loses its sync.*\n(?:.*\n)*?.*iri-6 +out of rotation +(?:both|lb\d) .* iri_back/,
      /synced again\n(?:.*\n)*?.*iri-6 +back in rotation +(?:both|lb\d) .* iri_back/,
      /is killed.*\n(?:.*\n)*?.*iri-6 +out of rotation +(?:both|lb\d) .* iri_back/,
      /started again\n(?:.*\n)*?.*iri-6 +back in rotation +(?:both|lb\d) .* iri_back/,
    ]) {
      expect(shown).toMatch(line);
    }
    expect(shown).not.toMatch(/failed/);
    expect(program.stderr()).toBe('');
    const [head = ''] = shown.split(/^ +[\d.]+ s /m);
    expect(head.split('\n').filter((line) => line.length > 80)).toEqual([]);
  }, 120_000);

  it('prints commands of iri-lb that can be pasted', async () => {
    const program = start();
    const env = await printed(program, '\\. ');
    const ask = async (begin: string) => shell(`${env}; ${await printed(program, begin)}`);
    await program.prints(/iri-6 +in rotation/);

    // In the order in which they stand there, while the demonstration goes on.
    const status = await ask('iri-lb status');
    expect(status.out).toMatch(/iri_back +(?:both|127\.0\.0\.1:\d+) +\d/);
    const why = await ask('iri-lb why iri-6');
    expect(why.out).toMatch(/^iri-6 \(local\/iri-6\) is .*rotation on /);
    const plan = await ask('iri-lb plan');
    expect(plan.out).toMatch(/^Plan: \d+ to add/m);
    const drain = await ask('iri-lb drain iri-2 --wait');
    expect(drain.out).toMatch(/^in DRAIN: iri_back\/irisrv\d+ on both/m);
    const undrain = await ask('iri-lb undrain iri-2');
    expect(undrain.out).toMatch(/^on both: iri_back\/irisrv\d+ is ready again$/m);
    const changes = await ask('iri-lb changes');
    expect(changes.out).toMatch(
      /^history\.jsonl, complete since (?:.*\n)+.* added +local\/iri-6 .* iri_back/,
    );
    const doctor = await ask('iri-lb doctor');
    expect(doctor.out).toMatch(/looked at/);

    expect(drain.err).toMatch(/^(?:waiting: .*\n)*$/);
    for (const { err } of [status, why, plan, undrain, changes, doctor]) expect(err).toBe('');
    for (const { status: code } of [drain, undrain, changes]) expect(code).toBe(0);
    // Somebody should look: at who fails in the demonstration, or at what only a real load balancer needs.
    for (const { status: code } of [status, why, doctor]) expect([0, 3]).toContain(code);
    expect([0, 2]).toContain(plan.status);
  }, 90_000);

  it('serves a node registered with the printed command, and none that was removed with it', async () => {
    const program = start('--no-demo');
    const ask = await printed(program, 'curl -s http');
    const isAsked = (answers: string): boolean => answers.includes('"node":"iri-7"');
    const askAll = async (): Promise<string> =>
      (await shell(Array.from({ length: 12 }, () => ask).join('; '))).out;
    await program.prints(IN_ROTATION);

    expect(await shell(await printed(program, 'curl [^\\n]*service/register'))).toMatchObject({ status: 0 });
    await waitFor(async () => isAsked(await askAll()), { what: 'an answer of iri-7' });
    expect(await shell(await printed(program, 'curl [^\\n]*service/deregister/iri-7'))).toMatchObject({
      status: 0,
    });
    // The one that is asked is lb1: a run that was under way may have taken it out of lb2 alone.
    await program.prints(/iri-7 +gone +(?:both|lb1) /);

    expect(isAsked(await askAll()), program.stdout()).toBe(false);
  }, 90_000);

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends everything on %s',
    async (signal) => {
      const program = start('--no-demo');
      await program.prints(IN_ROTATION);

      program.process.kill(signal);

      expect(await program.ended).toBe(0);
      await program.leavesNothing();
    },
    90_000,
  );

  it('leaves nothing when it is killed', async () => {
    const program = start('--no-demo');
    await program.prints(IN_ROTATION);
    const before = processesOf(program.tmp).length;

    program.process.kill('SIGKILL');
    await program.leavesNothing();

    expect(before).toBeGreaterThanOrEqual(3);
    expect(processesOf(program.tmp)).toEqual([]);
  }, 90_000);

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends when npm got %s',
    async (signal) => {
      const program = keep(runProgram('npm', ['start', '--', '--no-demo']));
      await program.prints(IN_ROTATION);

      program.process.kill(signal);
      await program.leavesNothing();

      expect(processesOf(program.tmp)).toEqual([]);
    },
    90_000,
  );

  it('takes other ports than those in use, and shows them', async () => {
    const taken = [9998, 9999, 8500, 14267, 14268, 9292, 9293, 8401];
    await Promise.all(taken.map(occupy));
    const program = start('--no-demo');

    await program.prints(IN_ROTATION);

    const places = program.stdout().match(/^(?:API|Stats|Consul|HAProxy).*$/gm) ?? [];
    const ports = places.flatMap((line) =>
      [...line.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)),
    );
    expect(new Set(ports).size).toBe(7);
    for (const port of ports) expect(taken).not.toContain(port);
  }, 90_000);

  it('starts HAProxy again when it dies, and fills it', async () => {
    const program = start('--no-demo');
    await program.prints(IN_ROTATION);
    const haproxy = processesOf(program.tmp).find((pid) => commandOf(pid).includes('haproxy.cfg'));
    if (haproxy === undefined) throw new Error('no HAProxy in the harness');

    process.kill(haproxy, 'SIGKILL');

    // The one that was killed; the other's first line may come after it.
    const [shown] = await program.prints(
      /HAProxy (lb\d) ended \(SIGKILL\)[\s\S]*?iri-1 +in rotation +(?:both|\1) .*iri_back\/irisrv\d+ +weight 1$/m,
    );
    expect(shown).toContain('is started again');
  }, 90_000);

  it('runs the pools of LB_CONFIG, each with sample nodes, on ports of this machine', async () => {
    const pools = [
      {
        backend: 'web',
        service: 'web',
        select: { role: ['front'] },
        tags: ['live'],
        ranges: [{ prefix: 'web', slots: 9 }],
      },
      { backend: 'api', service: 'api v2', ranges: [{ prefix: 'api', transport: 'verified', slots: 9 }] },
    ];
    const haproxy = {
      iri: false,
      frontend: { bind: '192.0.2.1:14267', tls: { certificate: '/etc/ssl/private/none.pem' } },
      admin: { bind: '/run/haproxy/none.sock' },
      servers: { caFile: '/etc/ssl/none.pem', verifyName: 'api.example.org' },
      peers: { local: 'a', members: [{ name: 'a', address: '192.0.2.1:1024' }] },
      stateFile: '/var/lib/haproxy/none',
    };
    const program = startWith(JSON.stringify({ pools, networks: ['10.0.0.0/8'], haproxy }));

    await program.prints(/web-4 +in rotation +(?:both|lb\d) .* web\/web\d/);
    for (const name of ['web-1', 'web-2', 'web-3'])
      await program.prints(new RegExp(`${name} +in rotation +(?:both|lb\\d) .* web/web`));
    await program.prints(/api-v2-3 +in rotation +(?:both|lb\d) .* api\/api\d/);
    const ask = await printed(program, 'curl -sk https');
    await waitFor(async () => /"node":"web-\d"/.test((await shell(ask)).out), {
      what: 'an answer of a web node',
    });
    await program.prints(/web-4 answers with 500[\s\S]*web-4 +out of rotation/);
    const env = await printed(program, '\\. ');
    // Over TLS, verified, with a certificate of this start.
    await waitFor(async () => (await shell(`${env}; iri-lb why api-v2-1`)).out.match(/L7OK/g)?.length === 2, {
      what: 'both HAProxies to have checked api-v2-1',
    });
    expect(program.stderr()).toBe('');
  }, 90_000);

  it.each([
    [
      '{"pools":[{"backend":"web","servce":"web","ranges":[{"prefix":"web"}]}]}',
      'LB_CONFIG.pools.0.servce: is no setting; did you mean service?',
    ],
    ['{"pools":', 'LB_CONFIG: not JSON'],
    [
      'nowhere.json',
      'LB_CONFIG: cannot read "nowhere.json" (ENOENT); name a JSON file or give the JSON itself',
    ],
    [
      '{"pools":[{"backend":"web","service":"web","ranges":[{"prefix":"web"}]}],"haproxy":{"iri":false,"frontend":{"defaultBackend":"wbe"}}}',
      'LB_CONFIG.haproxy.frontend.defaultBackend: wbe is no pool; use one of web',
    ],
  ])('says what is wrong with LB_CONFIG %s, and starts nothing', async (config, line) => {
    const program = startWith(config);
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toContain(`npm start: ${line}`);
    expect(program.stdout()).toBe('');
  });

  it.each([
    [['--for', 'ever'], /^npm start: --for "ever": give 1 to 86400 seconds; see npm start -- --help\n$/],
    [['--fro', '3'], /^npm start: Unknown option '--fro'.*--help\n$/],
    [['now'], /^npm start: Unexpected argument 'now'.*--help\n$/],
  ])('says what is wrong with %j in one line', async (args, line) => {
    const program = start(...args);
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toMatch(line);
    expect(program.stdout()).toBe('');
  });
});

/** Takes a port; one that is taken already is as good. */
async function occupy(port: number): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', () => {
      servers.push(server);
      resolve();
    });
  });
}
