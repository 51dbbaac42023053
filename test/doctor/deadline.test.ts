// The time that Lambda leaves: what is slow is said, by name, before the function is killed.
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { consultDoctor } from '../../lib/doctor/consult.js';
import { type HandlerContext, invocation } from '../../lib/run/handler.js';
import { type Rig, startRig } from './rig.js';

let rig: Rig;
let silent: Server;
let silentPort: number;
const sockets = new Set<Socket>();
const before = { ...process.env };

beforeAll(async () => {
  rig = await startRig();
  silent = createServer((socket) => sockets.add(socket));
  silentPort = await new Promise((resolve) =>
    silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port)),
  );
});
afterAll(async () => {
  process.env = before;
  for (const socket of sockets) socket.destroy();
  silent.close();
  await rig.close();
});

const leaving = (ms: number): HandlerContext => {
  const end = Date.now() + ms;
  return {
    awsRequestId: 'id',
    functionName: 'watch',
    getRemainingTimeInMillis: () => Math.max(0, end - Date.now()),
  };
};

describe('the doctor in a function with little time', () => {
  it('says that an admin socket gives no prompt', async () => {
    process.env = { ...before, ...rig.env, HAPROXY_ADDRESSES: `tcp://127.0.0.1:${silentPort}` };
    const { findings } = await consultDoctor(leaving(4_000));
    expect(findings.map(({ area, level, finding }) => `${area} ${level} ${finding}`)).toContainEqual(
      expect.stringMatching(/^haproxy error no prompt within \d+ ms/),
    );
  });

  it('says that Consul does not answer, and what it saw besides', async () => {
    const haproxy = await rig.startLoadBalancer();
    const consul = `http://127.0.0.1:${silentPort}`;
    process.env = { ...before, ...rig.env, CONSUL_HTTP_ADDR: consul, HAPROXY_ADDRESSES: haproxy.admin };
    const { findings } = await consultDoctor(leaving(4_000));
    const bad = findings.filter(({ level }) => level === 'error').map(({ subject }) => subject);
    expect(bad).toEqual([consul]);
    expect(findings.filter(({ subject }) => subject === haproxy.admin).length).toBeGreaterThan(0);
    await haproxy.stop();
  });
});

it('an invocation that hangs ends before Lambda ends it, with its line in the log', async () => {
  const lines: string[] = [];
  const written = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  process.env = { ...before };
  try {
    await expect(invocation(leaving(600), () => new Promise(() => {}))).rejects.toThrow(
      "the function's time was over before the run was done",
    );
  } finally {
    written.mockRestore();
  }
  expect(lines.join('')).toContain("the function's time was over");
});
