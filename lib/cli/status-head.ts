// The first lines of `iri-lb status`: what is pending, when a run last succeeded, Consul, and the load balancers. Pure.
import type { LoadBalancerStatus, Status } from '../model/status.js';
import { spanText, whenText } from '../model/when.js';
import { grouped } from './grouped.js';
import { widthOf } from './screen.js';
import { sideBySide } from './side-by-side.js';
import type { Look } from './status-look.js';
import { nameOfAll } from './status-pools.js';
import { wrapped } from './wrap.js';

/** Of pending changes, so many are shown: `plan` shows all. */
const MAX_PENDING = 3;

const counted = (count: number, one: string): string => `${grouped(count)} ${one}${count === 1 ? '' : 's'}`;

/** All of it, each as a line or two. */
export function headLines(status: Status, look: Look, columns: number | undefined): string[] {
  return [
    ...firstLines(status, look, columns),
    ...pendingLines(status, look),
    ...status.loadBalancers.flatMap((one) => missingLines(one, look, columns)),
    ...readLines(status, look),
  ];
}

/** What is pending stands first, then when a run last succeeded: on one line where there is room. */
function firstLines(
  status: Status,
  { paint, names, nowMs, zone }: Look,
  columns: number | undefined,
): string[] {
  const { pending, lastRun, consul, attention } = status;
  const unknown = pending.unknownOn.map((address) => names.get(address) ?? address).join(', ');
  const isUnknown = unknown === '' ? '' : ` (not known of ${unknown})`;
  const what =
    pending.count === null
      ? paint.yellow('what is pending is not known')
      : pending.count === 0
        ? `nothing pending${isUnknown}`
        : paint.yellow(`${counted(pending.count, 'change')} pending${isUnknown}`);
  const ran =
    lastRun === null
      ? 'last successful run: not known'
      : `last successful run: ${whenText(Date.parse(lastRun.at), nowMs, zone)}, ${lastRun.by}`;
  const line = `${paint.bold(what)}; ${ran}`;
  const listed =
    consul.instances === null
      ? paint.red('Consul: not known, it could not be read')
      : `Consul: ${counted(consul.instances, 'instance')} at index ${consul.index}${
          attention.some(({ code }) => code === 'consul-unread')
            ? paint.red(', which cannot be believed to be all')
            : ''
        }`;
  const isWide = columns !== undefined && widthOf(line) > columns;
  return [...(isWide ? [paint.bold(what), ran] : [line]), listed];
}

function pendingLines({ pending, loadBalancers }: Status, { names }: Look): string[] {
  const { changes } = pending;
  const shown = changes
    .slice(0, MAX_PENDING)
    .map(({ action, backend, slot, instance, reason, loadBalancers: on }) => {
      const where =
        on.length === loadBalancers.length ? '' : ` on ${nameOfAll(on, loadBalancers.length, names)}`;
      return `  ${action} ${backend}/${slot} ${instance ?? '-'}${where} (${reason})`;
    });
  const more = changes.length - shown.length;
  return more > 0 ? [...shown, `  and ${grouped(more)} more: iri-lb plan`] : shown;
}

/** A load balancer of which nothing is known. */
function missingLines(
  { address, state, error = '' }: LoadBalancerStatus,
  { paint }: Look,
  columns: number | undefined,
): string[] {
  if (state === 'read') return [];
  const name = `haproxy ${address}: `;
  const why = error.startsWith(name) ? error.slice(name.length) : error;
  const sentence = `${address} is ${state}, what it holds is not known: ${why}`;
  return wrapped(sentence, columns, 2).map((line) => paint.red(line));
}

/** Those that were read, by version: `10.0.0.5, 10.0.0.6: HAProxy 3.0.11, up 3 h`. */
function readLines({ loadBalancers }: Status, { names }: Look): string[] {
  const versions = new Map<string, LoadBalancerStatus[]>();
  for (const one of loadBalancers)
    if (one.version !== undefined) versions.set(one.version, [...(versions.get(one.version) ?? []), one]);
  return [...versions].map(([version, of]) => {
    const ups = of.map(({ address, uptimeSeconds = 0 }) => ({
      name: names.get(address) ?? address,
      text: `up ${spanText(uptimeSeconds * 1000)}`,
    }));
    const who =
      of.length === 1 ? (of[0]?.address ?? '') : of.map(({ address }) => names.get(address)).join(', ');
    return `${who}: HAProxy ${version}, ${sideBySide(ups)}`;
  });
}
