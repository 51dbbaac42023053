// What an agent-check said of a server that holds against Consul's word, as far as HAProxy's listing tells. Pure.
import type { ObservedServer, ServerSettings } from '../model/server.js';
import { MAX_MAXCONN } from '../model/server-limits.js';

export type AgentWord = 'drain' | 'maint' | 'down' | 'percentage';

/** It said up or down and nothing of drain, or nothing yet: then the drain is an operator's. */
const SAYS_NO_DRAIN = /^(?:L7OK|L7STS|INI|UNK|)$/;
/** It said something, and neither up nor down. */
const SAYS_NEITHER = 'CHECKED';

/**
 * The agent's word that holds on a server, of which `wanted` is what an instance there should have. As HAProxy
 * 2.6.12, 3.0.11, 3.2.26 and 3.4.7 list it: `DRAIN (agent)` is the status of every drained server that has an
 * agent, whoever drained it, so the last answer decides; one that says up together with something else is taken
 * at its up. An agent that says percentages leaves a server in maintenance that a run put there looking like one
 * that says `maint`, but for the mark (`markedMaxconn`).
 */
export function agentWordOn(
  server: ObservedServer,
  wanted?: Pick<ServerSettings, 'weight' | 'maxconn'>,
): AgentWord | undefined {
  const { hasAgent, agentStatus = '', state, status, weight, maxconn } = server;
  if (!hasAgent) return undefined;
  if (state === 'drain') return SAYS_NO_DRAIN.test(agentStatus) ? undefined : 'drain';
  if (state === 'ready' && status.startsWith('DOWN (agent)')) return 'down';
  if (!wanted || agentStatus !== SAYS_NEITHER) return undefined;
  if (state === 'ready') return weight === wanted.weight ? undefined : 'percentage';
  return weight === wanted.weight && maxconn === wanted.maxconn ? 'maint' : undefined;
}

/**
 * The maxconn of a server with an agent while a run has it in maintenance: one that nobody wants, so that a
 * later run knows whose maintenance it is. It means nothing there, and is set anew before the server is ready.
 */
export const markedMaxconn = (wanted: number): number =>
  wanted === MAX_MAXCONN ? MAX_MAXCONN - 1 : MAX_MAXCONN;
