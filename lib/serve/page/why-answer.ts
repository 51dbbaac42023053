// Why an instance is in rotation or not, by the look that the page shows: nobody is asked again. Pure.
import type { Config } from '../../config/pools.js';
import { checksIn } from '../../consul/checks.js';
import { plainText } from '../../model/text.js';
import type { FleetLook } from '../../run/look.js';
import { findTargets } from '../../run/targets.js';
import { explain } from '../../run/why/explain.js';
import { notFound } from '../../run/why/not-found.js';

/** Of what is asked for. */
const LONGEST = 300;

/** `rowsOf` gives what Consul answered last on a service. 404 where nobody is meant, 409 where several are. */
export function answerWhy(
  asked: string,
  look: FleetLook | undefined,
  config: Config,
  rowsOf: (service: string) => readonly unknown[],
): { readonly status: number; readonly body: unknown } {
  const name = asked.slice(0, LONGEST);
  if (!look) return { status: 503, body: { text: 'nothing has been looked at yet' } };
  const targets = findTargets(look, config, name);
  const [target, ...others] = targets.found;
  if (!target || others.length > 0) {
    const body = notFound(name, look, targets, config);
    return { status: target ? 409 : 404, body: { ...body, text: plainText(body.text, 1_000) } };
  }
  const { instance, service } = target;
  const { checks, more } =
    instance && service !== null ? checksIn(rowsOf(service), instance) : { checks: [], more: 0 };
  const runs = { state: 'unknown' } as const;
  return {
    status: 200,
    body: explain({ asked: name, target, look, config, checks, moreChecks: more, runs }),
  };
}
