// Which check an instance was registered with, as far as Consul tells. Pure.
import type { ServiceInstance } from '../model/instance.js';

/** `path` is undefined where somebody else registered it: Consul tells a check's type, never what it asks. */
export type OwnCheck =
  | { readonly kind: 'http'; readonly path: string | undefined }
  | { readonly kind: 'tcp' }
  | { readonly kind: 'other'; readonly type: string };

type Fields = Readonly<Record<string, unknown>>;

/** The Notes of an HTTP check, by which its path can be told later. */
export function notesOf(path: string): string {
  return `GET ${path}`;
}

/**
 * The instance's own check in the rows of `/v1/health/service/:name`: the first that asks over HTTP or TCP,
 * else the first. Undefined where it has none but its node's, or is not in the rows.
 */
export function ownCheckOf(
  rows: readonly unknown[],
  { node, id }: Pick<ServiceInstance, 'node' | 'id'>,
): OwnCheck | undefined {
  const row = rows
    .map(fieldsOf)
    .find(({ Node, Service }) => fieldsOf(Node).Node === node && fieldsOf(Service).ID === id);
  const checks = (Array.isArray(row?.Checks) ? row.Checks : []).map(fieldsOf);
  const own = checks.filter(({ ServiceID, CheckID }) => ServiceID === id && !isMaintenance(CheckID));
  const parsed = own.map(parseCheck);
  return parsed.find(({ kind }) => kind !== 'other') ?? parsed[0];
}

function parseCheck({ Type: type, Notes: notes }: Fields): OwnCheck {
  if (type === 'tcp') return { kind: 'tcp' };
  if (type !== 'http') return { kind: 'other', type: typeof type === 'string' ? type : '' };
  const path = typeof notes === 'string' ? /^GET (\/\S*)$/.exec(notes)?.[1] : undefined;
  return { kind: 'http', path };
}

/** Consul's `structs.ServiceMaintPrefix`. */
function isMaintenance(id: unknown): boolean {
  return typeof id === 'string' && id.startsWith('_service_maintenance');
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
