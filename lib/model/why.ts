// Why an instance is in rotation or not: what `iri-lb why` finds, as `--json` prints it. Types only.
import type { MadeChange } from './change.js';
import type { Health } from './instance.js';
import type { ServerDetail, SlotState } from './server.js';
import type { CauseCode, ReportedCause } from './why-causes.js';

/** How an instance stands somewhere: `still-in` serves although Consul does not want it there. */
export type Standing = 'in' | 'still-in' | 'out' | 'unknown';

export interface Why {
  readonly version: 1;
  /** What was asked for. */
  readonly asked: string;
  /** `node/id`, or `address:port` of slots at which nobody in Consul is. */
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly takenAt: string;
  readonly verdict: Verdict;
  /** Undefined: Consul lists nobody there, or could not be read. */
  readonly instance?: WhyInstance;
  /** Why Consul could not be read. */
  readonly consulError?: string;
  readonly loadBalancers: readonly WhyLoadBalancer[];
  readonly runs: RunsKnown;
}

export interface Verdict {
  /** Whether requests reach it: in all its pools on all load balancers, in some, in none; `unknown` of all of them. */
  readonly serves: 'everywhere' | 'partly' | 'nowhere' | 'unknown';
  /** Something that it depends on could not be read. */
  readonly unread: boolean;
  /** In words, with cause and load balancer. */
  readonly text: string;
  /** Each once, those that decide first. */
  readonly causes: readonly ReportedCause[];
}

/** What is known of who runs, and whether that goes well; `unknown` where nobody tells. */
export type RunsKnown =
  | { readonly state: 'unknown' | 'going' | 'none' }
  /** `detail`: what they fail of; `paused for 12 min: REASON`. */
  | { readonly state: 'failing' | 'paused'; readonly detail: string };

/** As Consul has it. */
export interface WhyInstance {
  readonly node: string;
  readonly id: string;
  readonly service: string;
  /** `address:port` as registered. */
  readonly registered: string;
  /** What its host name leads to; undefined of an IP address, and where it does not resolve. */
  readonly resolved?: readonly string[];
  readonly health: Health;
  readonly checks: readonly WhyCheck[];
  /** Checks that were not listed. */
  readonly moreChecks?: number;
  readonly tags: readonly WhyTag[];
  /** Tags that were not listed. */
  readonly moreTags?: number;
  /** Of each pool of its service. */
  readonly pools: readonly WhyPool[];
}

/** Consul says of no check since when. */
export interface WhyCheck {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** Of its node, as opposed to its own. */
  readonly ofNode: boolean;
  /** The first line of what it said, cut. */
  readonly output: string;
  /** Of a maintenance: the reason; null where none was given. Undefined: it is a check. */
  readonly reason?: string | null;
}

export interface WhyTag {
  readonly place: 'tag' | 'Meta';
  /** `haproxy.weight=2`. */
  readonly said: string;
  /** `default`: its value cannot be used, and the pool's default holds. `other`: it is not about load balancing. */
  readonly became: 'used' | 'unused' | 'default' | 'ignored' | 'other';
  readonly text: string;
}

export interface WhyPool {
  readonly backend: string;
  readonly selected: boolean;
  /** Why it is not selected, in words. */
  readonly text?: string;
}

export interface WhyLoadBalancer {
  readonly address: string;
  readonly state: 'read' | 'busy' | 'down';
  /** Why it could not be read, or why a run would fail there. */
  readonly error?: string;
  readonly haproxy?: string;
  readonly places: readonly WhyPlace[];
}

/** An instance in one pool of one load balancer. */
export interface WhyPlace {
  /** Null: no pool selects it, and none has it. */
  readonly backend: string | null;
  readonly standing: Standing;
  /** Those that decide first. */
  readonly causes: readonly ReportedCause[];
  /** Undefined: it has no slot there. */
  readonly slot?: WhySlot;
  /** What Consul wants; undefined: nothing, or not known. */
  readonly wanted?: { readonly weight: number; readonly maxconn: number };
  readonly nextRun: {
    /** Whether it could be planned. */
    readonly known: boolean;
    readonly changes: readonly MadeChange[];
    /** Why it does nothing, or nothing more, where something is not as Consul wants it. */
    readonly heldBy?: CauseCode;
  };
}

export interface WhySlot {
  readonly name: string;
  /** `address:port`. */
  readonly at: string;
  /** The administrative state: what it is meant to be. */
  readonly state: SlotState;
  /** HAProxy's own word: `UP`, `DOWN`, `MAINT`, `DRAIN`. */
  readonly status: string;
  /** Undefined: not known. */
  readonly since?: Since;
  /** 0 to 256. */
  readonly weight: number;
  /** 0 is no limit. */
  readonly maxconn: number;
  readonly detail?: Omit<ServerDetail, 'sinceSeconds'>;
}

/** Since when HAProxy has it in its status; `haproxy`: by its `lastchg`, which a restart ends. */
export interface Since {
  readonly source: 'haproxy';
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly seconds: number;
}
