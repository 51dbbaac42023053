// Consul as a source of service instances: reads, rights and the second look, and what they say together.
import type { Clock } from '../model/clock.js';
import { failureOf } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { Absence, AtLeast, Catalog, Look, Reading, Source } from '../model/source.js';
import type { MayRead, ServiceAnswer } from './answers.js';
import type { ConsulClient } from './client.js';
import { type ParsedRows, parseRows } from './rows.js';
import { flawOfAnswer, isOfToken, judgeRights, type RightsVerdict } from './trust.js';
import { eitherRead, lackedBy } from './two-reads.js';

/** How long the second look waits, in milliseconds. */
const SECOND_LOOK_MS = 250;
/** An answer whose server has not heard of the leader for longer is told of. */
const OLD_MS = 5_000;

/** What a source needs of Consul. */
export type SourceClient = Omit<ConsulClient, 'close'>;

export interface SourceDeps {
  readonly client: SourceClient;
  readonly clock: Clock;
}

/** What was asked for, and what it takes to ask again. */
interface Request {
  readonly services: readonly string[];
  readonly atLeast: AtLeast | undefined;
  /** The token was fetched again for this read: once is enough. */
  readonly renewed: boolean;
}

/** What was answered of one service. */
type Rows = ParsedRows & Pick<ServiceAnswer, 'index' | 'newest'>;

/** All that was answered. */
interface Answers {
  readonly request: Request;
  readonly rows: ReadonlyMap<string, Rows>;
  /** By service: why nothing of it may be taken away. */
  readonly flaws: ReadonlyMap<string, Problem>;
  readonly problems: readonly Problem[];
  /** What else has to be looked at before what is missing may be believed. */
  readonly believed: 'rights' | 'second-look' | 'yes';
  /** Services of which nobody says what we may read. */
  readonly unsure: ReadonlySet<string>;
  /** Asks Consul at most once. */
  readonly rightsOf: (service: string) => Promise<RightsVerdict>;
}

/** A source whose reads throw what the client throws: an error is never an empty list. */
export function makeSource(deps: SourceDeps): Source {
  return {
    read: (services, atLeast) => read(deps, { services: [...new Set(services)], atLeast, renewed: false }),
  };
}

/** Where the token may not read everything, it is fetched again, once; where that gives another one, so is the catalog. */
async function read(deps: SourceDeps, request: Request): Promise<Reading> {
  const { client } = deps;
  const { services, atLeast } = request;
  const askRights = rightsOf(client);
  const flaws = new Map<string, Problem>();
  const problems: Problem[] = [];
  const readOne = async (service: string) => {
    const wanted = atLeast?.service === service ? atLeast.version : undefined;
    const answer = await client.readService(service, wanted === undefined ? {} : { minIndex: wanted });
    if (wanted !== undefined && BigInt(answer.index) < BigInt(wanted))
      problems.push({ code: 'answer-stale', service, version: answer.index, wanted });
    const flaw =
      flawOfAnswer(client.tokenName, service, answer) ??
      (answer.rows.length === 0 ? (await askRights(service)).flaw : undefined);
    if (flaw) flaws.set(service, flaw);
    if (answer.lastContactMs > OLD_MS)
      problems.push({ code: 'answer-old', service, seconds: Math.round(answer.lastContactMs / 1000) });
    const { index, newest } = answer;
    return [service, { ...parseRows(service, answer.rows), index, ...(newest ? { newest } : {}) }] as const;
  };
  const rows = new Map(await Promise.all(services.map(readOne)));
  if (await isRenewed(client, request, flaws)) return read(deps, { ...request, renewed: true });
  return readingOf(deps, {
    request,
    rows,
    flaws,
    problems,
    believed: 'rights',
    unsure: new Set(),
    rightsOf: askRights,
  });
}

function readingOf(deps: SourceDeps, answers: Answers): Reading {
  const looks = new Map<Look, Promise<Reading>>();
  const told = [...answers.rows.values()].filter(({ newest }) => newest);
  const reading: Reading = {
    catalog: catalogOf(answers),
    ...(told.length > 0 ? { isOutdated: () => areOutdated(told) } : {}),
    look(what) {
      if (answers.believed === 'yes') return Promise.resolve(reading);
      const looked = looks.get(what) ?? (what === 'rights' ? lookAtRights : lookAgain)(deps, answers);
      looks.set(what, looked);
      return looked;
    },
    async hasMoved() {
      const now = await Promise.all(
        [...answers.rows.keys()].map((service) => deps.client.readIndex(service)),
      );
      return [...answers.rows.values()].some(({ index }, at) => index !== now[at]);
    },
  };
  return reading;
}

async function areOutdated(told: readonly Rows[]): Promise<boolean> {
  const now = await Promise.all(told.map(({ newest }) => newest));
  return told.some(({ index }, at) => index !== now[at]);
}

/** What the token may not read, before anything is taken away because it is not listed. */
async function lookAtRights(deps: SourceDeps, answers: Answers): Promise<Reading> {
  const { request } = answers;
  const flaws = new Map(answers.flaws);
  const unsure = new Set<string>();
  for (const service of request.services) {
    if (flaws.has(service)) continue;
    const { flaw, isUnknown } = await answers.rightsOf(service);
    if (flaw) flaws.set(service, flaw);
    if (isUnknown) unsure.add(service);
  }
  const isNew = flaws.size > answers.flaws.size;
  if (isNew && (await isRenewed(deps.client, request, flaws)))
    return (await read(deps, { ...request, renewed: true })).look('rights');
  return readingOf(deps, { ...answers, flaws, unsure, believed: 'second-look' });
}

/** The second read, a quarter of a second later and of a quorum; what both say together. */
async function lookAgain(deps: SourceDeps, answers: Answers): Promise<Reading> {
  const { client, clock } = deps;
  const { request } = answers;
  const flaws = new Map(answers.flaws);
  const rows = new Map(answers.rows);
  const problems = [...answers.problems];
  await clock.sleep(SECOND_LOOK_MS);
  const readAgain = async (service: string): Promise<void> => {
    const flaw = flaws.get(service) ?? (await answers.rightsOf(service)).flaw;
    const before = rows.get(service);
    if (flaw) flaws.set(service, flaw);
    if (flaw || !before) return;
    try {
      const answer = await client.readService(service, { consistent: true });
      const ofAnswer = flawOfAnswer(client.tokenName, service, answer);
      if (ofAnswer) flaws.set(service, ofAnswer);
      const again = parseRows(service, answer.rows);
      rows.set(service, { ...eitherRead(before, again), index: answer.index });
      const count = lackedBy(before, again);
      if (count > 0) problems.push({ code: 'answer-incomplete', service, count });
    } catch (error) {
      flaws.set(service, { code: 'second-look-failed', service, ...failureOf(error) });
    }
  };
  await Promise.all(request.services.map(readAgain));
  if (await isRenewed(client, request, flaws))
    return (await read(deps, { ...request, renewed: true })).look('second-look');
  for (const service of answers.unsure) problems.push({ code: 'rights-unknown', service });
  return readingOf(deps, { ...answers, rows, flaws, problems, believed: 'yes' });
}

function rightsOf({ tokenName, mayRead }: SourceClient): Answers['rightsOf'] {
  const asked = new Map<string, Promise<MayRead>>();
  return (service) => {
    const answer = asked.get(service) ?? mayRead(service);
    asked.set(service, answer);
    return judgeRights(answer, tokenName, service);
  };
}

async function isRenewed(
  client: SourceClient,
  { renewed }: Request,
  flaws: ReadonlyMap<string, Problem>,
): Promise<boolean> {
  if (renewed || ![...flaws.values()].some(isOfToken)) return false;
  return client.renewToken().catch(() => false);
}

function catalogOf({ rows, flaws, problems, believed, unsure }: Answers): Catalog {
  const ofRows = [...rows.values()].flatMap(({ unreadable, otherwise }) => [...unreadable, ...otherwise]);
  return {
    services: [...rows].map(
      ([
        service,
        {
          instances,
          index,
          unreadable: [first],
        },
      ]) => {
        const flaw = flaws.get(service);
        const absence: Absence = flaw
          ? { believed: 'no', why: flaw, fails: 'always' }
          : first
            ? { believed: 'no', why: first, fails: 'when-kept' }
            : { believed, ...(unsure.has(service) ? { isUnsure: true } : {}) };
        return { service, instances, absence, version: index };
      },
    ),
    problems: [...problems, ...ofRows],
  };
}
