// Prints why an instance is in rotation or not: the verdict, what to do, then what it rests on.
import type { MadeChange } from '../model/change.js';
import { plainText, quote, showName } from '../model/text.js';
import { whenText, type Zone } from '../model/when.js';
import type {
  Standing,
  Why,
  WhyCheck,
  WhyInstance,
  WhyLoadBalancer,
  WhyPlace,
  WhySlot,
} from '../model/why.js';
import type { ReportedCause } from '../model/why-causes.js';
import { shortNames } from '../run/why/verdict.js';
import type { Paint } from './screen.js';
import { wrapped } from './wrap.js';

export interface WhyTextOptions {
  /** Undefined: no terminal. */
  readonly columns: number | undefined;
  readonly paint: Paint;
  readonly zone: Zone;
}

/** A line before it is broken into those that fit: what it hangs at, and its words. */
interface Sentence {
  readonly at: string;
  readonly text: string;
  readonly color?: (text: string) => string;
}

export function whyLines(why: Why, { columns, paint, zone }: WhyTextOptions): string[] {
  const sentences = [
    ...headOf(why, paint),
    ...(why.instance ? consulPart(why.instance, paint) : noConsul(why)),
    ...why.loadBalancers.flatMap((balancer) => balancerPart(why, balancer, paint, zone)),
    ...runsPart(why),
  ];
  return sentences.flatMap(({ at, text, color = (line) => line }) => {
    const hang = Math.min(at.length, MAX_HANG) - (at.length - at.trimStart().length);
    return wrapped(`${at}${text}`, columns, hang).map((line) => (line === '' ? '' : color(line)));
  });
}

const MAX_HANG = 13;
const BLANK: Sentence = { at: '', text: '' };

function headOf({ verdict }: Why, paint: Paint): Sentence[] {
  const { text, serves, unread, causes } = verdict;
  const isWell = serves === 'everywhere' && !unread && causes.length === 0;
  const bright = isWell ? paint.green : serves === 'everywhere' ? paint.yellow : paint.red;
  const [first, ...others] = causes;
  return [
    { at: '', text, color: (line) => paint.bold(bright(line)) },
    ...(first && first.next !== '' ? [{ at: '  next  ', text: first.next }] : []),
    ...others.filter((cause) => !text.includes(cause.text)).map(alsoOf),
  ];
}

const alsoOf = ({ text, next }: ReportedCause): Sentence => ({
  at: '  also  ',
  text: next === '' ? text : `${text}; ${next}`,
});

function noConsul({ consulError, name, verdict }: Why): Sentence[] {
  if (consulError !== undefined)
    return [BLANK, { at: 'Consul  ', text: `not known, it could not be read: ${consulError}` }];
  const doubt = verdict.causes.find(({ code }) => code === 'absence-doubted');
  return [
    BLANK,
    doubt ? { at: '', text: doubt.text } : { at: 'Consul  ', text: `nobody is registered at ${name}` },
  ];
}

function consulPart(instance: WhyInstance, paint: Paint): Sentence[] {
  const { node, id, service, registered, resolved, health, checks, tags, pools } = instance;
  const leads = resolved ? ` (${resolved.join(', ')})` : '';
  const color = health === 'passing' ? paint.green : health === 'warning' ? paint.yellow : paint.red;
  return [
    BLANK,
    {
      at: 'Consul  ',
      text: `${health}: service ${showName(service)}, ${showName(id)} of node ${showName(node)}, ${plainText(registered)}${leads}`,
      color,
    },
    ...checks.map(checkSentence),
    ...more(instance.moreChecks, 'checks'),
    ...pools.map(({ backend, selected, text }) => ({
      at: '  pool      ',
      text: selected ? `${backend} selects it` : `${backend} does not select it: ${text}`,
    })),
    ...tags.map(({ place, said, text }) => ({
      at: place === 'tag' ? '  tag       ' : '  Meta      ',
      text: `${showName(said)}: ${text}`,
    })),
    ...more(instance.moreTags, 'tags'),
  ];
}

const more = (count: number | undefined, what: string): Sentence[] =>
  count === undefined ? [] : [{ at: '  ', text: `and ${count} more ${what}` }];

function checkSentence({ name, status, ofNode, output, reason }: WhyCheck): Sentence {
  const of = ofNode ? ' (of the node)' : '';
  if (reason !== undefined)
    return {
      at: '  maint     ',
      text: reason === null ? `no reason was given${of}` : `${quote(reason, 160)}${of}`,
    };
  const said = output === '' ? 'says nothing' : output;
  return { at: `  ${status.padEnd(9)} `, text: `${quote(name, 60)}${of}: ${said}` };
}

function balancerPart(why: Why, balancer: WhyLoadBalancer, paint: Paint, zone: Zone): Sentence[] {
  const { address, state, error, haproxy, places } = balancer;
  const name = shortNames(why.loadBalancers.map((one) => one.address)).get(address) ?? address;
  if (state !== 'read')
    return [BLANK, { at: `${name}  `, text: `${state}: ${plainText(error ?? '', 300)}`, color: paint.red }];
  return [
    BLANK,
    { at: `${name}  `, text: `HAProxy ${haproxy ?? ''}`, color: paint.bold },
    ...(error === undefined ? [] : [{ at: '  run       ', text: `would fail: ${error}`, color: paint.red }]),
    ...places.flatMap((place) => placePart(why, place, paint, zone)),
  ];
}

const WORDS: Readonly<Record<Standing, string>> = {
  in: 'in rotation',
  'still-in': 'still in rotation',
  out: 'out of rotation',
  unknown: 'not known',
};

function placePart(why: Why, place: WhyPlace, paint: Paint, zone: Zone): Sentence[] {
  const { backend, slot, standing, wanted } = place;
  const where = slot ? `${backend}/${slot.name}` : (backend ?? 'no pool');
  const color = standing === 'in' ? paint.green : standing === 'out' ? paint.red : paint.yellow;
  const state = slot ? `, ${slot.state} (${plainText(slot.status, 40)})` : ', it has no slot';
  return [
    { at: `  ${where}  `, text: `${WORDS[standing]}${backend === null ? '' : state}`, color },
    ...(slot ? slotPart(slot, wanted, sinceText(slot, Date.parse(why.takenAt), zone)) : []),
    { at: '    next run  ', text: nextRunText(place, why) },
  ];
}

/** With the source, since what HAProxy says ends with a restart. */
const sinceText = ({ since }: WhySlot, nowMs: number, zone: Zone): string =>
  since ? `${whenText(Date.parse(since.at), nowMs, zone)}, by HAProxy` : 'not known';

/** Without the star that it has while the next check runs. */
const ended = (status: string): string => status.replace(/^\* /, '');

function slotPart(
  { at, weight, maxconn, detail }: WhySlot,
  wanted: WhyPlace['wanted'],
  since: string,
): Sentence[] {
  const limit = (value: number): string => (value === 0 ? 'no limit' : String(value));
  const both = (is: string, wants: string | undefined): string =>
    wants === undefined || wants === is ? is : `${is}, wanted ${wants}`;
  const words = detail?.check?.words ?? '';
  const check = detail?.check
    ? `${ended(detail.check.status)}${words === '' ? '' : ` ${quote(words, 100)}`}`
    : 'none, or not told';
  const agent = detail?.agent ? `; agent ${ended(detail.agent.status)} ${quote(detail.agent.words, 60)}` : '';
  return [
    { at: '    since     ', text: since },
    {
      at: '    at        ',
      text: `${at}, weight ${both(String(weight), wanted && String(wanted.weight))}, maxconn ${both(limit(maxconn), wanted && limit(wanted.maxconn))}`,
    },
    { at: '    check     ', text: `${check}${agent}` },
    ...(detail ? [{ at: '    load      ', text: loadText(detail) }] : []),
  ];
}

function loadText({ running, queued, rate, total, errors }: NonNullable<WhySlot['detail']>): string {
  const { connect, response, retries } = errors;
  const wrong = connect + response + retries;
  return [
    `${running} running, ${queued} queued, ${rate}/s, ${total} in all`,
    wrong === 0
      ? 'no errors'
      : `errors: ${connect} connections, ${response} answers, ${retries} sent once more`,
  ].join('; ');
}

function nextRunText({ nextRun, causes, standing }: WhyPlace, { consulError }: Why): string {
  if (consulError !== undefined) return 'changes nothing: Consul cannot be read';
  const { known, changes, heldBy } = nextRun;
  if (!known) return 'not known';
  const waits = heldBy === 'replacement-not-up' ? '; it waits until somebody else serves' : '';
  if (changes.length > 0) return `${changes.map(changeText).join('; ')}${waits}`;
  if (standing === 'in') return 'changes nothing: it is as Consul wants it';
  const [first] = causes.filter(({ code }) => code === heldBy);
  return first ? `changes nothing: ${first.text}` : 'changes nothing';
}

/** `enable web/web1: maintenance → ready, weight 1 → 5 (passing in Consul)`. */
function changeText({ action, backend, slot, instance, before, after, reason }: MadeChange): string {
  const differing = (['address', 'port', 'weight', 'maxconn', 'state'] as const)
    .filter((field) => before[field] !== after[field])
    .map((field) => `${field} ${before[field] ?? '-'} → ${after[field] ?? '-'}`);
  const who = instance === null ? '' : ` for ${instance}`;
  return `${action} ${backend}/${slot}${who}: ${differing.join(', ')} (${plainText(reason)})`;
}

function runsPart({ runs }: Why): Sentence[] {
  if (runs.state === 'unknown') return [BLANK, { at: 'runs    ', text: 'not known whether a run is going' }];
  if (runs.state === 'none') return [BLANK, { at: 'runs    ', text: 'none is going' }];
  if (runs.state === 'paused')
    return [BLANK, { at: 'runs    ', text: `the local run is ${plainText(runs.detail, 300)}` }];
  if (runs.state === 'failing')
    return [BLANK, { at: 'runs    ', text: `they fail: ${plainText(runs.detail, 300)}` }];
  return [BLANK, { at: 'runs    ', text: 'they are going' }];
}
