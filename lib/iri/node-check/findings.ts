// Judges what a node said: every reason why it may not serve, in words. Pure.
import { quote } from '../../model/text.js';
import type { CheckOptions } from './options.js';
import { compareVersions, parseVersion } from './versions.js';

/** Blocked on a public node: IRI's REMOTE_LIMIT_API answers them with 401. */
export const LIMITED_COMMANDS = ['getNeighbors', 'addNeighbors', 'removeNeighbors'] as const;
/** Blocked too, unless the node does PoW for others. */
export const POW_COMMANDS = ['attachToTangle', 'interruptAttachingToTangle'] as const;

/** A solid milestone one behind the latest is a node at work; two behind is not synced. */
const MAX_BEHIND = 1;

type NodeInfo = Readonly<Record<string, unknown>>;

/** The object that getNodeInfo is, or the reason why this text is not one. */
export function parseNodeInfo(body: string): NodeInfo | string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return { ...parsed };
    return `getNodeInfo is not a JSON object: ${quote(body, 60)}`;
  } catch {
    return `getNodeInfo is not JSON: ${body === '' ? 'it is empty' : quote(body, 60)}`;
  }
}

/** All that speaks against the node, in the order of the original; empty when it may serve. */
export function judgeNodeInfo(info: NodeInfo, options: CheckOptions): string[] {
  return [
    judgeVersion(info.appVersion, options),
    info.appName === options.appName ? '' : `appName is ${show(info.appName)}, not ${quote(options.appName)}`,
    judgeDuration(info.duration, options),
    options.syncRequired ? judgeSync(info) : '',
    judgeNeighbors(info.neighbors, options),
  ].filter((finding) => finding !== '');
}

/** One line about a node that may serve. */
export function describeNode(info: NodeInfo): string {
  const { appName, appVersion, latestSolidSubtangleMilestoneIndex: milestone, neighbors, duration } = info;
  const name = quote(`${appName} ${appVersion}`).slice(1, -1);
  return `ok, ${name}, milestone ${show(milestone)}, ${show(neighbors)} neighbors, ${show(duration)} ms`;
}

function judgeVersion(value: unknown, { minVersion }: CheckOptions): string {
  const version = typeof value === 'string' ? parseVersion(value) : undefined;
  if (!version) return `appVersion is ${show(value)}, not a version`;
  return compareVersions(version, minVersion) < 0
    ? `appVersion is ${quote(value)}, older than ${minVersion.text}`
    : '';
}

function judgeDuration(value: unknown, { maxDurationMs }: CheckOptions): string {
  if (!isCount(value)) return `duration is ${show(value)}, not a number of milliseconds`;
  return value > maxDurationMs
    ? `too slow: getNodeInfo took ${value} ms, longer than ${maxDurationMs} ms`
    : '';
}

function judgeSync(info: NodeInfo): string {
  const { latestMilestoneIndex: latest, latestSolidSubtangleMilestoneIndex: solid } = info;
  if (!isCount(latest)) return `latestMilestoneIndex is ${show(latest)}, not a number`;
  if (!isCount(solid)) return `latestSolidSubtangleMilestoneIndex is ${show(solid)}, not a number`;
  const behind = latest - solid;
  return behind > MAX_BEHIND ? `not synced: milestone ${solid} is ${behind} behind ${latest}` : '';
}

function judgeNeighbors(value: unknown, { minNeighbors }: CheckOptions): string {
  if (!isCount(value)) return `neighbors is ${show(value)}, not a number`;
  return value < minNeighbors ? `too few neighbors: ${value}, fewer than ${minNeighbors}` : '';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : typeof value === 'number' ? String(value) : quote(value);
}
