import { describe, expect, it } from 'vitest';
import { event } from '@/test/events';
import { type DetailState, emptyDetail, reduceDetail } from './detailState';

const details = { row: { id: 'a', name: 'one', downloadRate: 5 }, magnet: 'magnet:?', diagnosis: [] };
const peer = (address: string) => ({ address, client: 'x', flags: 'D', progress: 0 });
const snapshot = event('snapshot', {
  at: '2026-01-01T00:00:00Z',
  torrent: {
    id: 'a',
    details,
    peers: [peer('1:1'), peer('2:2')],
    log: [{ number: 1, at: '2026-01-01T00:00:00Z', level: 'note', message: 'added' }],
  },
});
const patch = (torrent: object, second = 1) => event('patch', { at: `2026-01-01T00:00:0${second}Z`, torrent: { id: 'a', ...torrent } });
const reduced = (...events: ReturnType<typeof event>[]): DetailState => events.reduce(reduceDetail, emptyDetail);

describe('reduceDetail', () => {
  it('changes the fields of the row inside the details', () => {
    const state = reduced(snapshot, patch({ details: { row: { downloadRate: 9 }, wasted: 3 } }));
    expect(state.details).toEqual({ ...details, row: { ...details.row, downloadRate: 9 }, wasted: 3 });
  });

  it('lets peers come, change and go', () => {
    const state = reduced(snapshot, patch({ peers: { '1:1': { progress: 1 }, '2:2': null, '3:3': peer('3:3') } }));
    expect([...(state.peers ?? [])]).toEqual([
      ['1:1', { ...peer('1:1'), progress: 1 }],
      ['3:3', peer('3:3')],
    ]);
  });

  it('appends to the log, and keeps the rates for the graph, also when the tab changes', () => {
    const state = reduced(
      snapshot,
      patch({ details: { row: { downloadRate: 7 } }, log: [{ number: 2, at: '', level: 'good', message: 'done' }] }),
    );
    expect(state.log?.map(({ number }) => number)).toEqual([1, 2]);
    expect(state.rates.map(({ download }) => download)).toEqual([5, 7]);
    const other = reduceDetail(state, event('snapshot', { at: '2026-01-01T00:00:02Z', torrent: { id: 'a', details } }));
    expect(other.rates.map(({ download }) => download)).toEqual([5, 7, 5]);
    expect(other.peers).toBeNull();
  });

  it('tells when the torrent is gone', () => {
    expect(reduced(snapshot, patch({ isGone: true })).isGone).toBe(true);
    expect(reduced(snapshot, event('snapshot', { at: '2026-01-01T00:00:02Z' })).isGone).toBe(true);
  });

  it('takes no part from a patch of another torrent', () => {
    const state = reduced(snapshot, event('patch', { at: '2026-01-01T00:00:01Z', torrent: { id: 'b', isGone: true } }));
    expect(state.isGone).toBe(false);
  });
});
