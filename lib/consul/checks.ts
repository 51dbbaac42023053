// Consul's checks of one instance with what they said, from rows that were read anyway: nobody is asked twice. Pure.

import { plainText } from '../model/text.js';
import type { WhyCheck } from '../model/why.js';
import type { SourceClient } from './source.js';

/** Of one instance, so many are shown. */
const MAX_CHECKS = 20;
/** Of an output, which is anybody's text. */
const MAX_OUTPUT = 160;
/** Consul's own words where maintenance was begun without a reason. */
const NO_REASON = /^Maintenance mode is enabled for this (?:node|service), but no reason was provided/;

type Fields = Readonly<Record<string, unknown>>;

export interface KeptRows {
  /** The same client. */
  readonly client: SourceClient;
  /** What it answered last on that service, as Consul sent it; empty where it was not read. */
  readonly rowsOf: (service: string) => readonly unknown[];
}

/** Keeps the rows of what is read through the client, for those who want more of an instance than runs do. */
export function keepRows(client: SourceClient): KeptRows {
  const kept = new Map<string, readonly unknown[]>();
  return {
    client: {
      ...client,
      async readService(service, options) {
        const answer = await client.readService(service, options);
        kept.set(service, answer.rows);
        return answer;
      },
    },
    rowsOf: (service) => kept.get(service) ?? [],
  };
}

export interface ChecksOf {
  /** The worst first, its own before those of its node. */
  readonly checks: readonly WhyCheck[];
  /** Those that were left out. */
  readonly more: number;
}

/** The checks of an instance, bounded; none where no row is its own. */
export function checksIn(
  rows: readonly unknown[],
  { node, id }: { readonly node: string; readonly id: string },
): ChecksOf {
  const row = rows.find((one) => {
    const { Node, Service } = fieldsOf(one);
    return fieldsOf(Node).Node === node && fieldsOf(Service).ID === id;
  });
  const { Checks } = fieldsOf(row);
  const checks = (Array.isArray(Checks) ? Checks : []).map(checkOf).sort(worstFirst);
  return { checks: checks.slice(0, MAX_CHECKS), more: Math.max(0, checks.length - MAX_CHECKS) };
}

function checkOf(check: unknown): WhyCheck {
  const { CheckID, Name, Status, Output, Notes, ServiceID } = fieldsOf(check);
  const id = plainText(textOf(CheckID));
  const isMaintenance = id === '_node_maintenance' || id.startsWith('_service_maintenance:');
  return {
    id,
    name: plainText(textOf(Name)) || id,
    status: plainText(textOf(Status)),
    ofNode: textOf(ServiceID) === '' && !id.startsWith('_service_maintenance:') && !id.startsWith('service:'),
    output: firstLine(textOf(Output)),
    ...(isMaintenance ? { reason: reasonOf(textOf(Notes)) } : {}),
  };
}

const RANKS = ['passing', 'warning'];
const worstFirst = (a: WhyCheck, b: WhyCheck): number =>
  rankOf(a) - rankOf(b) || Number(a.ofNode) - Number(b.ofNode) || (a.name < b.name ? -1 : 1);
const rankOf = ({ status, reason }: WhyCheck): number =>
  reason === undefined ? (RANKS.includes(status) ? 2 - RANKS.indexOf(status) : 0) : -1;

/** Consul puts the reason of a maintenance into the notes of its check. */
const reasonOf = (notes: string): string | null =>
  notes === '' || NO_REASON.test(notes) ? null : firstLine(notes);

const firstLine = (text: string): string =>
  plainText(
    text
      .slice(0, 4 * MAX_OUTPUT)
      .trim()
      .split('\n', 1)[0]
      ?.trim() ?? '',
    MAX_OUTPUT,
  );

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
