// README's table of what runs say most often, each with what to do: made of the table of problems.
import { nextStepOf, type Problem, textOf } from '../../lib/model/problem.js';

const slot = { backend: 'web', slot: 'web-7', hostPort: '10.0.0.7:80', instance: 'n7/web-1' };
const leftOut = { backend: 'web', instance: 'n7/web-1' };

/** One of each, in the order of the question: who is left out, what is kept, what cannot be read. */
const SAMPLES: readonly Problem[] = [
  { code: 'slots-taken', ...leftOut, prefix: 'web-', slots: 50 },
  { code: 'range-undeclared', ...leftOut, prefix: 'web-', transport: 'plain' },
  { code: 'slot-busy', ...leftOut, slot: 'web-7', detail: '3 requests of its last owner are running' },
  {
    code: 'address-refused',
    instance: 'n7/web-1',
    hostPort: '127.0.0.1:80',
    hostName: null,
    why: 'loopback',
    leftOut: true,
  },
  {
    code: 'address-refused',
    instance: 'n7/web-1',
    hostPort: '192.0.2.7:80',
    hostName: null,
    why: 'not-listed',
    leftOut: true,
  },
  {
    code: 'tag-invalid',
    instance: 'n7/web-1',
    place: 'tag',
    said: 'haproxy.weight=300',
    expects: 'a whole number from 0 to 256',
  },
  {
    code: 'tag-misspelt',
    instance: 'n7/web-1',
    place: 'tag',
    said: 'haproxy-weight=2',
    meant: 'haproxy.weight=2',
  },
  { code: 'setting-refused', ...leftOut, slot: 'web-7', detail: 'HAProxy said "…"' },
  { code: 'name-unresolved', hostName: 'n7.example.com', detail: 'ENOTFOUND' },
  { code: 'held-by-agent', ...slot, word: 'maint' },
  { code: 'nobody-serves', backend: 'web', ready: 2, down: 2, weightless: 0, held: 0, unwell: 1 },
  { code: 'leaving-kept', backend: 'web', slots: ['web-3', 'web-7'] },
  { code: 'service-gone', service: 'web' },
  { code: 'selection-empty', backend: 'web', service: 'web', listed: 4, refused: 0 },
  { code: 'removal-limit', percent: 30, ready: 10 },
  { code: 'service-denied', service: 'web', tokenName: 'CONSUL_HTTP_TOKEN' },
  { code: 'nodes-denied', service: 'web', tokenName: 'CONSUL_HTTP_TOKEN' },
  { code: 'answer-filtered', service: 'web', tokenName: 'CONSUL_HTTP_TOKEN' },
  { code: 'rights-unknown', service: 'web' },
  { code: 'two-processes', pid: 410, otherPid: 977 },
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

export function errorsTable(): string {
  const rows = SAMPLES.map((problem) => `| ${cell(textOf(problem))} | ${cell(nextStepOf(problem))} |`);
  return ['| a run says | do this |', '|---|---|', ...rows].join('\n');
}
