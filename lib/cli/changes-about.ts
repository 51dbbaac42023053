// Which events are about an instance, by whatever name somebody has of it. Pure.
import type { HistoryEvent } from '../model/history.js';
import { hostPortOf } from './changes-text.js';

/** Whether it is about `name`: an id, `node/id`, `address:port`, an address, or `backend/slot`. */
export function isAbout(event: HistoryEvent, name: string): boolean {
  const hosts = hostPortsOf(event);
  return namesOf(event).includes(name) || hosts.some((at) => at.replace(/:\d+$/, '') === name);
}

/** Every name in them, once. */
export const namesIn = (events: readonly HistoryEvent[]): string[] => [...new Set(events.flatMap(namesOf))];

function namesOf(event: HistoryEvent): string[] {
  if (!('slot' in event) || typeof event.instance === 'undefined') return [];
  const { instance, backend, slot } = event;
  // A node's name has no slash; an id may.
  const id = instance?.slice(instance.indexOf('/') + 1);
  return [
    ...(instance === null || id === undefined ? [] : [instance, id]),
    `${backend}/${slot}`,
    ...hostPortsOf(event),
  ];
}

function hostPortsOf(event: HistoryEvent): string[] {
  if (!('after' in event && 'before' in event && 'slot' in event)) return [];
  return [event.before, event.after].map(hostPortOf).filter((at) => at !== '-');
}
