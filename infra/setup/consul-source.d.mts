// The types of consul-source.mjs, as far as tests use it.

/** apt's preferences: of the older release Consul alone. */
export function pinText(): string;

/** Whether an earlier set-up left a pin here that lets more in than Consul. What people wrote is theirs. */
export function hasOldPin(file?: string): boolean;
