// How many cases a property is tried on: all of them, or the share that PROPERTY_SHARE says, for a watch loop.

/** At least 5; `PROPERTY_SHARE=0.1` is what `npm run test:watch` sets. */
export function runs(full: number): number {
  return Math.max(5, Math.round(full * Number(process.env.PROPERTY_SHARE ?? 1)));
}
