// Every command that reads the settings tells of a mistake in any of them, also in what only rendering reads.
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { registerDoctor } from '../../lib/cli/doctor.js';
import { registerNode } from '../../lib/cli/node.js';
import { registerReconcile } from '../../lib/cli/reconcile.js';
import { registerRender } from '../../lib/cli/render.js';
import { registerStatus } from '../../lib/cli/status.js';
import { iriLayout } from '../../lib/iri/layout.js';

/** Nobody listens at these addresses: a command that got so far would say so. */
const NOBODY = { CONSUL_HTTP_ADDR: 'http://127.0.0.1:1', HAPROXY_ADDRESSES: 'tcp://127.0.0.1:1' };

async function run(args: readonly string[], haproxy: object) {
  const lines: string[] = [];
  let status = 0;
  const say = (line: string): void => void lines.push(line);
  const exit = (code: number): void => {
    status = code;
  };
  const env = { ...NOBODY, LB_CONFIG: JSON.stringify({ ...iriLayout, haproxy }) };
  const terminal = { out: say, err: say, env, exit };
  const program = new Command();
  for (const register of [registerDoctor, registerReconcile, registerRender, registerStatus])
    register(program, terminal);
  registerNode(program, terminal, { nodeCheck: '/opt/node-check.mjs' });
  await program.parseAsync(args, { from: 'user' });
  return { status, text: lines.join('\n') };
}

it.each([
  'plan',
  'apply',
  'status',
  'doctor',
  'node list',
  'node check x',
  'node remove x',
  'node add --address 10.0.0.1 --port 14265',
  'render haproxy',
  'render consul',
  'render policy',
  'render systemd',
])('iri-lb %s tells of a typo under haproxy, and does nothing', async (command) => {
  const { status, text } = await run(command.split(' '), { frontend: { bnid: '0.0.0.0:80' } });
  expect(text).toMatch(/LB_CONFIG\.haproxy\.frontend\.bnid: is no setting; did you mean bind\?/);
  expect(text).not.toContain('127.0.0.1:1');
  expect(status).toBe(1);
});
