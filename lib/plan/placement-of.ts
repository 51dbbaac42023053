// Which placement a pool has: slots, today, for all of them. Pure.
import type { Pool } from '../config/pools.js';
import type { Placement } from './placement.js';
import { slots } from './slots.js';

export const placementOf = (_pool: Pool): Placement => slots;
