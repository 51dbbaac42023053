// What `iri-lb run` tells systemd: through a systemd-notify that the test puts into the PATH.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { makeNotify } from '../../lib/run/daemon/systemd.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iri-lb-notify-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function rig(env: Readonly<Record<string, string>> = {}) {
  const out = join(folder, 'told');
  const program = join(folder, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>${out}\n`);
  chmodSync(program, 0o755);
  const logged: string[] = [];
  const notify = makeNotify({
    env: { PATH: `${folder}:${process.env.PATH}`, NOTIFY_SOCKET: '/run/notify', ...env },
    pid: 7,
    restMs: 0,
    log: (line) => void logged.push(line),
  });
  const told = (): string[] => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1) : []);
  const lines = (count: number) =>
    waitFor(() => (told().length >= count ? told() : undefined), { what: `${count} lines to systemd` });
  return { notify, told, lines, logged };
}

describe('systemd', () => {
  it('hears that it is ready, the same once, then what changes, and that it stops', async () => {
    const { notify, lines } = rig();
    notify.ready('unchanged');
    notify.ready('unchanged');
    expect(await lines(1)).toEqual(['/run/notify READY=1 STATUS=unchanged WATCHDOG=1']);
    notify.ready('paused for 0 s: moving house');
    expect((await lines(2))[1]).toBe('/run/notify READY=1 STATUS=paused for 0 s: moving house WATCHDOG=1');
    notify.stopping();
    expect((await lines(3))[2]).toBe('/run/notify STOPPING=1');
  });

  it('is told the newest alone of what came while it was being told', async () => {
    const { notify, lines } = rig();
    for (const status of ['1', '2', '3']) notify.ready(status);
    expect(await lines(2)).toEqual([
      '/run/notify READY=1 STATUS=1 WATCHDOG=1',
      '/run/notify READY=1 STATUS=3 WATCHDOG=1',
    ]);
  });

  it('hears twice in its time that the loop turns, where it is this process that it watches', () => {
    expect(rig({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }).notify.watchdogMs).toBe(30_000);
    expect(rig({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }).notify.watchdogMs).toBeUndefined();
    expect(rig({ WATCHDOG_USEC: '60000000', NOTIFY_SOCKET: '' }).notify.watchdogMs).toBeUndefined();
  });

  it('is left alone where it did not ask', () => {
    const { notify, told } = rig({ NOTIFY_SOCKET: '' });
    notify.ready('unchanged');
    expect(told()).toEqual([]);
  });

  it('cannot be told without its program, which is said once', async () => {
    const { notify, logged } = rig({ PATH: '/nowhere' });
    notify.ready('unchanged');
    await waitFor(() => logged.length > 0, { what: 'a word in the log' });
    notify.stopping();
    expect(logged).toEqual([expect.stringMatching(/^systemd cannot be told \(systemd-notify: .*ENOENT/)]);
  });
});
