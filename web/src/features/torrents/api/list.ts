import { listTorrents, type TorrentSort } from '@/api';
import { apiUrl } from '@/lib/base';
import { answer } from '@/lib/problem';
import type { FilterQuery } from '../filter';

/** A part of the torrents that match. */
export interface ListQuery extends FilterQuery {
  sort: { id: string; desc: boolean } | null;
  offset: number;
  limit: number;
}

function parameters({ sort, ...query }: ListQuery) {
  return { ...query, ...(sort && { sort: sort.id as TorrentSort, order: sort.desc ? ('descending' as const) : ('ascending' as const) }) };
}

export const pageOf = (query: ListQuery) => answer(listTorrents({ query: parameters(query) }));

/** The address of the stream that keeps this part up to date. */
export function eventsUrl(query: ListQuery): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters(query))) if (value !== undefined && value !== null) search.set(name, String(value));
  return apiUrl(`events?${search}`);
}
