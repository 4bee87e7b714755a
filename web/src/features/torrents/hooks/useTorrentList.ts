import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { TorrentRow } from '@/api';
import type { GridLayout } from '@/components/ui/grid/layout';
import type { Order } from '@/lib/selection';
import { eventsUrl, pageOf } from '../api/list';
import { torrentList } from '../api/live';
import { type Filter, toQuery } from '../filter';

/** Rows that the daemon keeps up to date for us at a time; a screen shows some tens. */
const windowSize = 200;
/** The next window is asked for when the view comes this near to the end of the loaded one. */
const margin = 40;
/** Rows that were loaded and are out of the window stay until there are more than this. */
const maxRemembered = 3000;

export const useListState = () => useSyncExternalStore(torrentList.subscribe, torrentList.get);

interface TorrentList {
  order: Order;
  rowOf: (id: string) => TorrentRow | undefined;
  isLoading: boolean;
  onView: (first: number, last: number) => void;
  loadIds: (from: number, to: number) => Promise<string[]>;
}

/** The torrents that match, in order: those around the view live, those that were seen before as they were. */
export function useTorrentList(filter: Filter, sort: GridLayout['sort']): TorrentList {
  const state = useListState();
  const query = useMemo(() => ({ ...toQuery(filter), sort }), [filter, sort]);
  const queryKey = JSON.stringify(query);
  const [offset, setOffset] = useState(0);
  const seen = useRef({ queryKey, ids: new Map<number, string>(), rows: new Map<string, TorrentRow>() });
  if (seen.current.queryKey !== queryKey) {
    seen.current = { queryKey, ids: new Map(), rows: new Map() };
    if (offset !== 0) setOffset(0);
  }

  useEffect(() => torrentList.open(eventsUrl({ ...query, offset, limit: windowSize })), [query, offset]);

  const order = useMemo(() => {
    const { ids, rows } = seen.current;
    if (ids.size > maxRemembered) ids.clear();
    const result: (string | undefined)[] = new Array<string | undefined>(state.total).fill(undefined);
    const inWindow = new Set(state.ids);
    for (const [index, id] of ids) if (index < state.total && !inWindow.has(id)) result[index] = id;
    for (const [at, id] of state.ids.entries()) {
      const row = state.rows.get(id);
      if (row) rows.set(id, row);
      ids.set(state.offset + at, id);
      if (state.offset + at < result.length) result[state.offset + at] = id;
    }
    return result;
  }, [state.ids, state.rows, state.offset, state.total]);
  const rowOf = useCallback((id: string) => state.rows.get(id) ?? seen.current.rows.get(id), [state.rows]);

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const total = state.total;
  const onView = useCallback(
    (first: number, last: number) => {
      const isCovered = (first - margin >= offset || offset === 0) && (last + margin < offset + windowSize || offset + windowSize >= total);
      clearTimeout(timer.current);
      if (isCovered) return;
      // While somebody scrolls through thousands of rows, only where they stop matters.
      timer.current = setTimeout(() => setOffset(Math.max(0, Math.floor((first + last - windowSize) / 2))), 60);
    },
    [offset, total],
  );
  const loadIds = useCallback(
    async (from: number, to: number) => {
      const ids: string[] = [];
      while (from <= to) {
        const page = await pageOf({ ...query, offset: from, limit: Math.min(1000, to - from + 1) });
        if (page.rows.length === 0) break;
        ids.push(...page.rows.map(({ id }) => id));
        from += page.rows.length;
      }
      return ids;
    },
    [query],
  );
  return { order, rowOf, isLoading: state.isLoading, onView, loadIds };
}
