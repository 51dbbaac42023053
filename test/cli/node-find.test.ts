// The registered nodes as commands read them: what is wrong with the answer is an error, or said.
import { describe, expect, it } from 'vitest';
import { readNodes } from '../../lib/cli/node-find.js';
import { makeSource } from '../../lib/consul/source.js';
import { instantClock, type MemoryCatalog, memoryCatalog, parseConfig } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

async function read(answer: Partial<MemoryCatalog>) {
  const warnings: string[] = [];
  const client = Object.assign(memoryCatalog(), answer);
  const source = makeSource({ client, clock: instantClock() });
  const nodes = await readNodes(source, parseConfig(), (line) => warnings.push(line));
  return { ids: nodes.map(({ id }) => id), warnings };
}

const unanswered = async (): Promise<never> => {
  throw new Error('consul: 403');
};

describe('an empty answer', () => {
  it.each([
    ['to a token that may not read the service', { may: 'denied' as const }, /may not read service iri/],
    ['whose rights nobody could be asked for', { mayRead: unanswered }, /service iri: consul: 403/],
  ])('%s is an error', async (_what, answer, words) => {
    await expect(read(answer)).rejects.toThrow(words);
  });

  it.each([
    ['that may be read', { may: 'allowed' as const }],
    ['without ACLs', { may: 'acls-disabled' as const }],
    ['of a Consul that is asked for rights in vain', { may: 'unknown' as const }],
  ])('%s is no node', async (_what, answer) => {
    expect(await read(answer)).toEqual({ ids: [], warnings: [] });
  });
});

it('an answer that was filtered is used, and said to be', async () => {
  const { ids, warnings } = await read({ rows: [row()], flags: { filtered: true } });
  expect(ids).toEqual(['iri-1']);
  expect(warnings).toEqual([expect.stringMatching(/^service iri: Consul left out .*; give the one in/)]);
});

it('a row that makes no sense is named with its service', async () => {
  const { ids, warnings } = await read({ rows: [row(), { Node: {}, Service: null }] });
  expect(ids).toEqual(['iri-1']);
  expect(warnings).toEqual(["service iri: row 1 of Consul's answer: no Node and Service; not understood"]);
});
