import type { EventPatch, EventSnapshot, LogEntry, PeerRow, PieceMap, TorrentDetails, TrackerRow } from '@/api';
import type { StreamEvent } from '@/lib/eventStream';
import { applyChanges, type Changes } from '@/lib/patch';

/** What is shown of one torrent. A part that was not asked for is null. */
export interface DetailState {
  id: string | null;
  isGone: boolean;
  details: TorrentDetails | null;
  peers: ReadonlyMap<string, PeerRow> | null;
  trackers: readonly TrackerRow[] | null;
  pieces: PieceMap | null;
  log: readonly LogEntry[] | null;
  /** The rates since the panel was opened, for its graph. */
  rates: readonly RateSample[];
}

/** Bytes a second at a moment, in milliseconds since 1970. */
export interface RateSample {
  at: number;
  download: number;
  upload: number;
}

export const emptyDetail: DetailState = {
  id: null,
  isGone: false,
  details: null,
  peers: null,
  trackers: null,
  pieces: null,
  log: null,
  rates: [],
};

const maxSamples = 600;
const maxLog = 1000;

export function reduceDetail(state: DetailState, event: StreamEvent): DetailState {
  if (event.type === 'snapshot') return fromSnapshot(state, JSON.parse(event.data) as EventSnapshot);
  if (event.type === 'patch') return patched(state, JSON.parse(event.data) as EventPatch);
  return state;
}

function fromSnapshot(state: DetailState, { at, torrent }: EventSnapshot): DetailState {
  if (!torrent) return { ...state, isGone: true };
  const isSame = state.id === torrent.id;
  const next: DetailState = {
    id: torrent.id,
    isGone: false,
    details: torrent.details ?? (isSame ? state.details : null),
    peers: torrent.peers ? new Map(torrent.peers.map((peer) => [peer.address, peer])) : null,
    trackers: torrent.trackers ?? null,
    pieces: torrent.pieces ?? null,
    log: torrent.log ?? null,
    rates: isSame ? state.rates : [],
  };
  return withSample(next, at);
}

function patched(state: DetailState, { at, torrent }: EventPatch): DetailState {
  if (!torrent || torrent.id !== state.id) return withSample(state, at);
  if (torrent.isGone) return { ...state, isGone: true };
  const next = { ...state };
  if (torrent.details && state.details) next.details = applyChanges(state.details, torrent.details as Changes, ['row']);
  if (torrent.peers) {
    const peers = new Map(state.peers);
    for (const [address, changes] of Object.entries(torrent.peers)) {
      const before = peers.get(address);
      if (changes === null) peers.delete(address);
      else peers.set(address, before ? applyChanges(before, changes as Changes) : (changes as PeerRow));
    }
    next.peers = peers;
  }
  if (torrent.trackers) next.trackers = torrent.trackers;
  if (torrent.pieces) next.pieces = state.pieces ? applyChanges(state.pieces, torrent.pieces as Changes) : (torrent.pieces as PieceMap);
  if (torrent.log) next.log = [...(state.log ?? []), ...torrent.log].slice(-maxLog);
  return withSample(next, at);
}

function withSample(state: DetailState, at: string): DetailState {
  const row = state.details?.row;
  if (!row) return state;
  const sample = { at: Date.parse(at), download: row.downloadRate ?? 0, upload: row.uploadRate ?? 0 };
  const last = state.rates.at(-1);
  if (last && sample.at <= last.at) return state;
  return { ...state, rates: [...state.rates.slice(1 - maxSamples), sample] };
}
