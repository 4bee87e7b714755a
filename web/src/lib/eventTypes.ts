import type { EventSnapshot, PieceMap, StatisticsNow, TorrentCounts, TorrentDetails, TorrentRow, TorrentView } from '@/api';

// The document describes the stream's first event only; the second one holds parts of the same types.

/** Changed fields; null says that a field is absent from now on. */
export type ChangedFields<T> = { [Field in keyof T]?: T[Field] | null };

type Peer = NonNullable<TorrentView['peers']>[number];

export interface EventPatch {
  at: EventSnapshot['at'];
  now?: ChangedFields<StatisticsNow>;
  counts?: TorrentCounts;
  total?: number;
  /** The ids of the view's rows in order; rows that are not named have left it. */
  order?: string[];
  /** By id; all fields of a row that is new in the view. */
  rows?: Record<string, ChangedFields<TorrentRow>>;
  torrent?: {
    id: string;
    isGone?: boolean;
    details?: ChangedFields<Omit<TorrentDetails, 'row'>> & { row?: ChangedFields<TorrentRow> };
    /** By address; null for one that left. */
    peers?: Record<string, ChangedFields<Peer> | null>;
    trackers?: TorrentView['trackers'];
    pieces?: ChangedFields<PieceMap>;
    log?: TorrentView['log'];
  };
  changed?: ChangedThing[];
}

/** What may be asked for again. */
export type ChangedThing = 'settings' | 'categories' | 'tags' | 'creations' | 'previews' | 'keys';
