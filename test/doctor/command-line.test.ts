// `iri-lb doctor` in this process: its exit status, and how often it reads what it is set up with.
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { registerDoctor } from '../../lib/cli/doctor.js';
import { type Rig, startRig } from './rig.js';

let rig: Rig;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  rig = await startRig();
  env = { ...rig.env, HAPROXY_ADDRESSES: (await rig.startServing()).admin };
});
afterAll(() => rig.close());

async function doctor(settings: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const lines: string[] = [];
  let status = -1;
  const say = (line: string): void => void lines.push(line);
  const exit = (code: number): void => {
    status = code;
  };
  const program = new Command().exitOverride();
  registerDoctor(program, { env: settings, out: say, err: say, exit });
  await program.parseAsync(['doctor', ...args], { from: 'user' });
  return { status, text: lines.join('\n') };
}

it('exits 0 with nothing to find, in one line; --all lists what is well, after what is not', async () => {
  const { status, text } = await doctor(env);
  expect([status, text]).toEqual([0, expect.stringMatching(/^\d+ looked at, nothing to find$/)]);
  const lines = (await doctor(env, '--all')).text.split('\n');
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([text]);
  const { haproxy: _, ...runs } = JSON.parse(env.LB_CONFIG ?? '');
  const ill = (await doctor({ ...env, LB_CONFIG: JSON.stringify(runs) }, '--all')).text.split('\n');
  expect(ill[0]).toMatch(/^warning/);
  expect(ill.slice(2, -1).every((line) => line.startsWith('ok '))).toBe(true);
});

it('exits 3 with warnings only', async () => {
  const { haproxy: _, ...runs } = JSON.parse(env.LB_CONFIG ?? '');
  const { status, text } = await doctor({ ...env, LB_CONFIG: JSON.stringify(runs) });
  expect(text).toMatch(/^warning .*nothing shows that the state outlives a reload/m);
  expect(text).not.toMatch(/^error /m);
  expect(status).toBe(3);
});

it('exits 1 with errors, also in settings that only rendering reads, with what to do about them', async () => {
  const config = JSON.parse(env.LB_CONFIG ?? '');
  config.haproxy.frontend.bind = 'nowhere';
  const { status, text } = await doctor({ ...env, LB_CONFIG: JSON.stringify(config) });
  expect(text).toMatch(/^error {4}configuration {2}LB_CONFIG\.haproxy\.frontend\.bind: /m);
  expect(status).toBe(1);
});

it('fetches each parameter once', async () => {
  const { cert } = await makeCertificate(rig.harness.dir, 'authority');
  rig.store.set('/authority', cert);
  const before = rig.store.requests;
  await doctor({ ...env, CONSUL_CACERT: 'ssm:/authority' });
  // The token's and the certificate's.
  expect(rig.store.requests - before).toBe(2);
});
