// The stream to every browser: made once for all, bounded for who reads slowly, and over with who has gone.
import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { type Hub, makeHub } from '../../lib/serve/page/hub.js';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function rig(patienceMs?: number) {
  const state = { text: 'first', counts: [] as number[], made: 0 };
  const hub: Hub = makeHub({
    full: () => {
      state.made += 1;
      return { text: state.text };
    },
    onCount: (count) => state.counts.push(count),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  const server = http.createServer((_request, response) => hub.add(response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  ends.push(() => {
    hub.close();
    server.close();
    server.closeAllConnections();
  });
  return { hub, state, port: (server.address() as AddressInfo).port };
}

/** A browser; `text` grows while it reads. */
async function open(port: number): Promise<{ read: { text: string }; response: IncomingMessage }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http.get({ port, host: '127.0.0.1', agent: false }, resolve).once('error', reject);
  });
  ends.push(() => response.destroy());
  const read = { text: '' };
  response.setEncoding('utf8').on('data', (part: string) => {
    read.text += part;
  });
  response.on('error', () => {});
  return { read, response };
}
const until = (what: string, condition: () => boolean) =>
  waitFor(async () => condition(), { what, everyMs: 2 });

describe('the stream', () => {
  it('begins with all there is, and goes on with what is said', async () => {
    const { hub, port } = await rig();
    const { read } = await open(port);
    hub.send('patch', { seq: 1 });
    await until('the patch', () => read.text.includes('patch'));
    expect(read.text).toBe(
      'retry: 1000\n\nevent: full\ndata: {"text":"first"}\n\nevent: patch\ndata: {"seq":1}\n\n',
    );
  });

  it('is made once for two hundred', async () => {
    const { hub, state, port } = await rig();
    const all = await Promise.all(Array.from({ length: 200 }, () => open(port)));
    await until('all to have it', () => all.every(({ read }) => read.text.includes('first')));
    expect(state.made).toBe(1);
    state.text = 'second';
    hub.sendFull();
    await until('all to have the second', () => all.every(({ read }) => read.text.includes('second')));
    expect(state.made).toBe(2);
    expect(hub.count).toBe(200);
  });

  it('tells who does not read the last state alone, once it reads on', async () => {
    const { hub, state, port } = await rig();
    const { read, response } = await open(port);
    await until('the first state', () => read.text.includes('first'));
    response.pause();
    const before = process.memoryUsage().arrayBuffers;
    const large = 'x'.repeat(100_000);
    for (let times = 0; times < 1_000; times += 1) hub.send('patch', { times, large });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000);
    state.text = 'last';
    response.resume();
    await until('the last state', () => read.text.includes('"last"'));
    expect(read.text).not.toContain('"times":999,');
    hub.send('patch', { seq: 'after' });
    await until('what is said then', () => read.text.includes('"after"'));
  });

  it('gives up who reads nothing for too long', async () => {
    const { hub, port } = await rig(50);
    const { read, response } = await open(port);
    await until('the first state', () => read.text.includes('first'));
    response.pause();
    const large = 'x'.repeat(1_000_000);
    await waitFor(
      async () => {
        hub.send('patch', { large });
        return hub.count === 0;
      },
      { what: 'it to be given up', everyMs: 10 },
    );
  });

  it('counts who comes and who has gone', async () => {
    const { state, port, hub } = await rig();
    const first = await open(port);
    const second = await open(port);
    await until('both', () => hub.count === 2);
    first.response.destroy();
    second.response.destroy();
    await until('nobody', () => hub.count === 0);
    expect(state.counts).toEqual([1, 2, 1, 0]);
  });
});
