// The stand-in nodes themselves: what the other tests and `npm start` take for granted.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { FAULTS } from '../../infra/local/stand-in-answers.js';
import { startNode } from '../cli/rig.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

function post(url: string, body: object | string, headers: Readonly<Record<string, string>> = {}) {
  return fetch(url, {
    method: 'POST',
    headers: { 'X-IOTA-API-Version': '1', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('a stand-in node', () => {
  it('names itself in every answer, and keeps what it was asked', async () => {
    const node = await startNode(harness, { name: 'iri-7' });
    const info = await post(node.url, { command: 'getNodeInfo' });
    expect(info.headers.get('x-node-name')).toBe('iri-7');
    expect(await info.json()).toMatchObject({ appName: 'IRI', node: 'iri-7', duration: 0 });
    const unknown = await post(node.url, { command: 'toString' });
    expect([unknown.status, await unknown.json()]).toEqual([
      400,
      { error: 'Command [toString] is unknown', duration: 0, node: 'iri-7' },
    ]);
    expect(node.requests.map(({ command }) => command)).toEqual(['getNodeInfo', 'toString']);
  });

  it('wants the API header, as IRI does', async () => {
    const node = await startNode(harness, { name: 'n' });
    const reply = await fetch(node.url, { method: 'POST', body: '{"command":"getNodeInfo"}' });
    expect([reply.status, await reply.text()]).toEqual([400, expect.stringContaining('Invalid API Version')]);
  });

  it('is broken and mended over HTTP', async () => {
    const node = await startNode(harness, { name: 'n' });
    const listed = (await (await fetch(`${node.url}/_fault`)).json()) as { faults: object };
    expect(Object.keys(listed.faults)).toEqual(Object.keys(FAULTS));
    expect((await post(`${node.url}/_fault?name=reset`, '')).status).toBe(200);
    await expect(post(node.url, { command: 'getNodeInfo' })).rejects.toThrow();
    expect((await post(`${node.url}/_fault?name=nonsense`, '')).status).toBe(400);
    expect(node.fault).toBe('reset');
    expect((await post(`${node.url}/_fault?name=healthy`, '')).status).toBe(200);
    expect((await post(node.url, { command: 'getNodeInfo' })).status).toBe(200);
  });

  it('does PoW only with trytes and where it is allowed, and counts what runs at once', async () => {
    const node = await startNode(harness, { name: 'n', pow: true, powMs: 50 });
    const attach = { command: 'attachToTangle', trytes: ['9'] };
    const replies = await Promise.all([1, 2, 3].map(() => post(node.url, attach)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(node.peak('attachToTangle')).toBeGreaterThan(1);
    expect((await post(node.url, { command: 'attachToTangle' })).status).toBe(400);
    node.setFault('pow-refused');
    expect((await post(node.url, attach)).status).toBe(401);
  });

  it('is gone when closed, and back at its port when opened', async () => {
    const node = await startNode(harness, { name: 'n', port: await harness.freePort() });
    await node.close();
    await expect(post(node.url, { command: 'getNodeInfo' })).rejects.toThrow();
    await node.open();
    expect((await post(node.url, { command: 'getNodeInfo' })).status).toBe(200);
  });

  it('is on loopback only', async () => {
    await expect(startNode(harness, { name: 'n', host: '0.0.0.0' })).rejects.toThrow(
      'stand-in n: 0.0.0.0 is not loopback; use 127.0.0.1 or ::1',
    );
  });
});
