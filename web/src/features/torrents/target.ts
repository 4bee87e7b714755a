import type { PauseTorrents } from '@/api';

/** What an action is done to: the chosen torrents, or all that match a filter. */
export type Target = PauseTorrents;
