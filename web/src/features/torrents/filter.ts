import type { ListTorrentsData, StateFilter } from '@/api';

/** Which torrents are shown; null shows all, the empty name those without one. */
export interface Filter {
  state: StateFilter;
  category: string | null;
  tag: string | null;
  tracker: string | null;
  text: string;
}

export const everything: Filter = { state: 'all', category: null, tag: null, tracker: null, text: '' };

export const isFiltered = (filter: Filter): boolean =>
  filter.state !== 'all' || filter.category !== null || filter.tag !== null || filter.tracker !== null || filter.text.trim() !== '';

/** A filter as the daemon takes it. */
export type FilterQuery = Pick<NonNullable<ListTorrentsData['query']>, 'state' | 'category' | 'tag' | 'tracker' | 'text'>;

/** The filter as the daemon takes it: what matches all is left out. */
export function toQuery(filter: Filter): FilterQuery {
  const query: FilterQuery = {};
  if (filter.state !== 'all') query.state = filter.state;
  if (filter.category !== null) query.category = filter.category;
  if (filter.tag !== null) query.tag = filter.tag;
  if (filter.tracker !== null) query.tracker = filter.tracker;
  if (filter.text.trim() !== '') query.text = filter.text.trim();
  return query;
}
