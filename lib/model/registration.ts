// A service as an agent of Consul is told of it: definition, check, and a registration that is complete. Types only.

/** A check, in the spelling of Consul's HTTP API; only what we look at is typed. */
export interface CheckDefinition {
  readonly Args?: readonly string[];
  readonly Interval?: string;
  readonly Timeout?: string;
  readonly [key: string]: unknown;
}

/** A service, in the spelling of Consul's HTTP API; values are not yet validated. */
export interface ServiceDefinition {
  readonly ID?: unknown;
  readonly Name?: unknown;
  readonly Address?: unknown;
  readonly Port?: unknown;
  readonly Tags?: unknown;
  readonly Meta?: unknown;
  readonly Weights?: unknown;
  readonly Check?: CheckDefinition;
  readonly Checks?: readonly CheckDefinition[];
  readonly [key: string]: unknown;
}

/** A registration that is complete, in the spelling of Consul's HTTP API. It holds no token. */
export interface Registration extends ServiceDefinition {
  readonly ID: string;
  readonly Name: string;
  readonly Address: string;
  readonly Port: number;
}
