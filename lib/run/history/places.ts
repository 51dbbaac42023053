// Where a history is looked for when nobody says where. Pure.

/** Where `iri-lb run` listens by default. */
export const LOCAL_RUN = 'http://127.0.0.1:8402';
/** What it answers `GET` at with a page: the events from `since` (milliseconds since the epoch) on. */
export const HISTORY_PATH = '/history';
/** Where its unit, and whoever has no reason to choose another, keeps the file. */
export const HISTORY_FILE = '/var/lib/iri-lb/history.jsonl';
