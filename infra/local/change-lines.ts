// One line for each change that a run made, with the load balancers that it was made on. Pure.
import pc from 'picocolors';
import type { Action, MadeChange } from '../../lib/model/change.js';
import type { Report } from '../../lib/model/report.js';
import { plainText } from '../../lib/model/text.js';

const WORDS: Readonly<Record<Action, string>> = {
  add: 'in rotation',
  enable: 'back in rotation',
  update: 'changed',
  disable: 'out of rotation',
  remove: 'gone',
};

const COLOURS: Readonly<Record<Action, (text: string) => string>> = {
  add: pc.green,
  enable: pc.green,
  update: pc.yellow,
  disable: pc.red,
  remove: pc.red,
};

/** Longest of HAProxy's words that are shown. */
const MAX_ERROR = 200;

/**
 * Returns what makes the lines of a report: what is the same on several load balancers is told once. `lagMs` is the
 * time from Consul to the last HAProxy of the run; `nameOf` the name of a load balancer's address. It remembers who
 * was in which slot, since a report cannot name an instance that is gone.
 */
export function makeChangeLines(
  nameOf: (address: string) => string,
): (report: Report, lagMs: number | undefined) => string[] {
  const names = new Map<string, string>();
  let width = 6;
  return ({ loadBalancers }, lagMs) => {
    const folded = new Map<string, { readonly line: Line; readonly on: string[] }>();
    for (const { address, changes } of loadBalancers) {
      for (const change of changes) {
        const where = `${change.backend}/${change.slot}`;
        const known = change.instance?.split('/').at(-1) ?? names.get(`${address} ${where}`);
        if (known !== undefined) names.set(`${address} ${where}`, known);
        const who = known ?? `${change.before.address}:${change.before.port}`;
        width = Math.max(width, who.length);
        const line = { who, change, where, how: howOf(change) };
        const key = JSON.stringify([who, change.action, where, line.how]);
        const same = folded.get(key) ?? { line, on: [] };
        folded.set(key, { ...same, on: [...same.on, nameOf(address)] });
      }
    }
    const all = loadBalancers.length;
    const lag = pc.bold((lagMs === undefined ? '' : `${lagMs} ms`).padStart(6));
    return [...folded.values()].map(({ line: { who, change, where, how }, on }) => {
      const places = all > 1 && on.length === all ? (all === 2 ? 'both' : 'all') : on.join('+');
      const what = COLOURS[change.action](WORDS[change.action].padEnd(16));
      return `${who.padEnd(width)} ${what} ${places.padEnd(4)} ${lag}  ${where.padEnd(18)}  ${how}`;
    });
  };
}

interface Line {
  readonly who: string;
  readonly change: MadeChange;
  readonly where: string;
  readonly how: string;
}

/** With what settings, or why; what became of it where it was not done. */
function howOf({ action, after, reason, result, error }: MadeChange): string {
  if (result !== 'done') return plainText(`${result}: ${error ?? reason}`, MAX_ERROR);
  if (action === 'remove' || action === 'disable') return plainText(reason, MAX_ERROR);
  return `weight ${after.weight}${after.maxconn > 0 ? `, maxconn ${after.maxconn}` : ''}`;
}
