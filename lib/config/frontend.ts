// What `iri-lb render haproxy` can be told beyond the pools. Pure.
import * as v from 'valibot';

export const frontendSettings = v.strictObject({});

export type FrontendSettings = v.InferOutput<typeof frontendSettings>;
