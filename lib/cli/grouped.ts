// Writes large numbers for people. Pure.

/** `2,000`. The platform's own way to write it loads tables for every language, which takes longer than all else here. */
export const grouped = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
