// What two reads of a service say together, and where they differ. Pure.
import { byNodeAndId, labelOf, type ServiceInstance } from '../model/instance.js';
import type { ParsedRows } from './rows.js';

/** An instance is gone only when neither read has it; where both have it, the second one's word counts. */
export function eitherRead(first: ParsedRows, second: ParsedRows): ParsedRows {
  const identity = ({ node, id }: ServiceInstance): string => JSON.stringify([node, id]);
  const instances = new Map(first.instances.map((instance) => [identity(instance), instance]));
  for (const instance of second.instances) instances.set(identity(instance), instance);
  const known = new Set(first.unreadable.map(({ row, detail }) => `${row} ${detail}`));
  const unreadable = [
    ...first.unreadable,
    ...second.unreadable.filter(({ row, detail }) => !known.has(`${row} ${detail}`)),
  ];
  const otherwise = second.otherwise;
  return { instances: [...instances.values()].sort(byNodeAndId), unreadable, otherwise };
}

/** How many instances the second read has that the first had not. */
export function lackedBy(first: ParsedRows, second: ParsedRows): number {
  const known = new Set(first.instances.map(labelOf));
  return second.instances.filter((instance) => !known.has(labelOf(instance))).length;
}
