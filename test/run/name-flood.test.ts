// Whoever registers thousands of host names takes from a run neither its open files nor the names of others.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { findAsTheMachine } from '../../lib/run/name-servers.js';
import { makeResolve } from '../../lib/run/resolve.js';

const A = 1;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A name server that knows one name, and never answers for any other. */
async function nameServer(known: string): Promise<string> {
  const socket = createSocket('udp4');
  closing.push(() => socket.close());
  socket.on('message', (question, { port, address }) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = question.readUInt16BE(at + 1);
    if (labels.join('.').toLowerCase() !== known) return;
    const record = Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3]);
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(type === A ? 1 : 0, 6);
    header.fill(0, 8);
    const asked = question.subarray(12, at + 5);
    socket.send(Buffer.concat([header, asked, ...(type === A ? [record] : [])]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `127.0.0.1:${socket.address().port}`;
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

describe('a flood of host names', () => {
  it('opens no file for each of them, and leaves others theirs', async () => {
    const find = findAsTheMachine([await nameServer('good.example')]);
    const resolve = makeResolve({ timeoutMs: 5_000, find });
    const before = openFiles();
    const flood = Array.from({ length: 2_000 }, (_, at) => resolve(`h${at}.flood.example`));
    for (const one of flood) one.catch(() => undefined);
    expect(await resolve('good.example')).toEqual(['10.1.2.3']);
    expect(openFiles() - before).toBeLessThan(20);
  });

  it('keeps a bounded number of the answers of one name, the same each time', async () => {
    const all = Array.from({ length: 4_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
    const resolve = makeResolve({ timeoutMs: 5_000, find: async () => [...all].reverse() });
    expect(await resolve('many.example')).toEqual(all.slice(0, 32));
  });
});
