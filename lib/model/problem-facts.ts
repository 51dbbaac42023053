// The facts that problems have in common. Types only.

export interface Tag {
  readonly instance: string;
  readonly place: 'tag' | 'Meta';
  /** As Consul has it: `haproxy.weight=2`. */
  readonly said: string;
}
export interface OfService {
  readonly service: string;
}
export interface OfToken extends OfService {
  /** Where the token comes from, never the token. */
  readonly tokenName: string;
}
export interface Slot {
  readonly backend: string;
  readonly slot: string;
  readonly hostPort: string;
  readonly instance: string;
}
/** An instance that no server of a pool can be given to. */
export interface LeftOut {
  readonly backend: string;
  readonly instance: string;
}
export interface OfRange extends LeftOut {
  readonly prefix: string;
  readonly transport: string;
}
