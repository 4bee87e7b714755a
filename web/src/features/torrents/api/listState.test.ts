import { describe, expect, it } from 'vitest';
import { event } from '@/test/events';
import { emptyList, type ListState, reduceList } from './listState';

const row = (id: string, name = id) => ({ id, name, state: 'downloading', progress: 0.5 });
const counts = (total: number) => ({ total, states: {}, categories: {}, tags: {}, trackers: {} });
const now = { downloadRate: 5, uploadRate: 1 };
const snapshot = event('snapshot', {
  at: '2026-01-01T00:00:00Z',
  now,
  counts: counts(9),
  page: { total: 9, offset: 3, rows: [row('a'), row('b'), row('c')] },
});
const patch = (fields: object) => event('patch', { at: '2026-01-01T00:00:01Z', ...fields });
const reduced = (...events: ReturnType<typeof event>[]): ListState => events.reduce(reduceList, emptyList);

describe('reduceList', () => {
  it('takes a snapshot for all there is', () => {
    const state = reduced(
      snapshot,
      event('snapshot', { at: '2026-01-01T00:00:09Z', now, counts: counts(1), page: { total: 1, offset: 0, rows: [row('z')] } }),
    );
    expect(state.ids).toEqual(['z']);
    expect([...state.rows.keys()]).toEqual(['z']);
    expect(state).toMatchObject({ isLoading: false, total: 1, offset: 0 });
  });

  it('changes only the fields that a patch names', () => {
    const before = reduced(snapshot);
    const state = reduceList(before, patch({ rows: { b: { progress: 0.75 } }, now: { downloadRate: 7 } }));
    expect(state.rows.get('b')).toEqual({ ...row('b'), progress: 0.75 });
    expect(state.rows.get('a')).toBe(before.rows.get('a'));
    expect(before.rows.get('b')?.progress).toBe(0.5);
    expect(state.now).toEqual({ downloadRate: 7, uploadRate: 1 });
    expect(state.at).toBe(Date.parse('2026-01-01T00:00:01Z'));
  });

  it('takes null for a field that is absent from now on', () => {
    const state = reduced(snapshot, patch({ rows: { a: { error: 'disk full' } } }), patch({ rows: { a: { error: null } } }));
    expect(state.rows.get('a')).toEqual(row('a'));
  });

  it('lets rows in and out with the order', () => {
    const state = reduced(snapshot, patch({ order: ['d', 'a', 'c'], rows: { d: row('d') }, total: 8 }));
    expect(state.ids).toEqual(['d', 'a', 'c']);
    expect([...state.rows.keys()].sort()).toEqual(['a', 'c', 'd']);
    expect(state.total).toBe(8);
  });

  it('counts what else changed', () => {
    const state = reduced(snapshot, patch({ changed: ['tags'] }), patch({ changed: ['tags', 'keys'] }));
    expect(state.changed).toEqual({ tags: 2, keys: 1 });
  });

  it('leaves events alone that it does not know', () => {
    const before = reduced(snapshot);
    expect(reduceList(before, event('reset', { reason: 'too long ago' }))).toBe(before);
  });
});
