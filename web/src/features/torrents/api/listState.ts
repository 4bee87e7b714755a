import type { ChangedThing, EventPatch, EventSnapshot, StatisticsNow, TorrentCounts, TorrentRow } from '@/api';
import type { StreamEvent } from '@/lib/eventStream';
import { applyChanges, type Changes } from '@/lib/patch';

/** The part of the torrents that is loaded, and what is known of all of them. */
export interface ListState {
  /** No snapshot came yet. */
  isLoading: boolean;
  now: StatisticsNow | null;
  /** Milliseconds since 1970, of the last event. */
  at: number;
  counts: TorrentCounts | null;
  /** Torrents that match. */
  total: number;
  offset: number;
  /** Of the loaded rows, in order; the first stands at `offset`. */
  ids: readonly string[];
  rows: ReadonlyMap<string, TorrentRow>;
  /** How often each thing was said to have changed. */
  changed: Readonly<Partial<Record<ChangedThing, number>>>;
}

export const emptyList: ListState = {
  isLoading: true,
  now: null,
  at: 0,
  counts: null,
  total: 0,
  offset: 0,
  ids: [],
  rows: new Map(),
  changed: {},
};

/** What an event makes of the list. An event that is not understood changes nothing. */
export function reduceList(state: ListState, event: StreamEvent): ListState {
  if (event.type === 'snapshot') return fromSnapshot(state, JSON.parse(event.data) as EventSnapshot);
  if (event.type === 'patch') return patched(state, JSON.parse(event.data) as EventPatch);
  return state;
}

function fromSnapshot(state: ListState, { at, now, counts, page }: EventSnapshot): ListState {
  return {
    isLoading: false,
    now,
    at: Date.parse(at),
    counts,
    total: page.total,
    offset: page.offset,
    ids: page.rows.map(({ id }) => id),
    rows: new Map(page.rows.map((row) => [row.id, row])),
    changed: state.changed,
  };
}

function patched(state: ListState, patch: EventPatch): ListState {
  const next: ListState = { ...state, at: Date.parse(patch.at) };
  if (patch.now && state.now) next.now = applyChanges(state.now, patch.now as Changes);
  if (patch.counts) next.counts = patch.counts;
  if (typeof patch.total === 'number') next.total = patch.total;
  if (patch.rows || patch.order) {
    const rows = new Map(state.rows);
    for (const [id, changes] of Object.entries(patch.rows ?? {})) {
      const before = rows.get(id);
      rows.set(id, before ? applyChanges(before, changes as Changes) : (changes as TorrentRow));
    }
    if (patch.order) {
      next.ids = patch.order;
      const inView = new Set(patch.order);
      for (const id of rows.keys()) if (!inView.has(id)) rows.delete(id);
    }
    next.rows = rows;
  }
  if (patch.changed) {
    const changed = { ...state.changed };
    for (const thing of patch.changed) changed[thing] = (changed[thing] ?? 0) + 1;
    next.changed = changed;
  }
  return next;
}
