// What became of servers that a step could not write whole, by `backend/slot`. Pure.

export interface Refusal {
  readonly backend: string;
  /**
   * `failed`: the server is written to no more in this step. `setting`: it serves with what it has. `drain`: the
   * operator holds it. `busy`: requests to its last owner still run.
   */
  readonly kind: 'failed' | 'setting' | 'drain' | 'busy';
  /** HAProxy's own words, or ours where it was not asked. */
  readonly words: string;
  /** It was not even put in maintenance. */
  readonly stayed?: boolean;
}

/** A setting that HAProxy refused: not asked for again in the same run. */
export interface RefusedSetting extends Refusal {
  readonly name: string;
  readonly setting: 'weight' | 'maxconn';
  readonly value: number;
  /** It is the backend's balance that takes no weight. */
  readonly isStatic: boolean;
}

/** Of one step. */
export class Refusals {
  private readonly byName = new Map<string, Refusal>();
  readonly settings: RefusedSetting[] = [];

  add(name: string, refusal: Refusal): void {
    if (!this.stops(name)) this.byName.set(name, refusal);
  }

  addSetting(setting: RefusedSetting): void {
    this.settings.push(setting);
    this.add(setting.name, setting);
  }

  get(name: string): Refusal | undefined {
    return this.byName.get(name);
  }

  /** Whether nothing more may be written to the server. */
  stops(name: string): boolean {
    const refusal = this.byName.get(name);
    return refusal !== undefined && refusal.kind !== 'setting';
  }

  isEmpty(): boolean {
    return this.byName.size === 0;
  }

  /** The names of those refused in this way. */
  names(...kinds: readonly Refusal['kind'][]): string[] {
    return [...this.byName].filter(([, { kind }]) => kinds.includes(kind)).map(([name]) => name);
  }
}
