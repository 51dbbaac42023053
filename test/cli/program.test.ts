// The whole command line as people call it: wrong usage exits 64, help 0, and whoever stops reading is no error.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { iriLb } from './iri-lb.js';
import { runProgram } from './run-program.js';

/** Nobody listens there. */
const NOBODY = { CONSUL_HTTP_ADDR: 'http://127.0.0.1:1', HAPROXY_ADDRESSES: 'tcp://127.0.0.1:1' };

const run = (args: readonly string[]) => runProgram(args, NOBODY);

describe('iri-lb', () => {
  it.each([
    [],
    ['plane'],
    ['plan', '--forse'],
    ['node'],
    ['node', 'remove'],
    ['node', 'add'],
    ['node', 'add', '--address', '10.0.0.1', '--port', '99999'],
    ['node', 'check', 'x', '--http', 'y'],
    ['render'],
    ['render', 'nothing'],
    ['render', 'haproxy', '--peer', 'nobody'],
    ['invoke', 'nothing'],
  ])('%j is wrong usage', async (...args) => {
    const { status, out, err } = await run(args);
    expect([status, out]).toEqual([64, '']);
    expect(err).not.toBe('');
    expect(err).not.toMatch(/^\s+at /m);
  });

  it.each([[['plan']], [['apply']], [['status']], [['node', 'list']]])(
    '%j fails where nobody answers',
    async (args) => {
      expect((await run(args)).status).toBe(1);
    },
  );

  it.each([[['--help']], [['plan', '--help']], [['node', 'add', '--help']]])('%j helps', async (args) => {
    const { status, out, err } = await run(args);
    expect([status, err]).toEqual([0, '']);
    expect(out).toContain('Usage: iri-lb');
  });

  it('says so to its own caller, too', async () => {
    const { status, stdout, stderr } = await iriLb(['plan', '--forse'], NOBODY);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toContain("unknown option '--forse'");
  });

  it.each([[['render', 'haproxy']], [['--help']]])(
    '%j ends in peace when its reader has gone',
    async (args) => {
      const { command, options } = iriLb.line(args, NOBODY);
      const child = spawn(process.execPath, command, options);
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      child.stdout.destroy();
      const [status, signal] = await once(child, 'close');
      expect([status, signal]).toEqual([0, null]);
      expect(stderr).not.toMatch(/EPIPE|^\s+at /m);
    },
  );
});
