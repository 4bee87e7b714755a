import { describe, expect, it } from 'vitest';
import { emptySelection, isChosen, missingBetween, select, selectAll, target } from './selection';

const order = ['a', 'b', 'c', 'd', 'e'];
const click = { extend: false, toggle: false };
const shift = { extend: true, toggle: false };
const ctrl = { extend: false, toggle: true };
const chosen = (selection: { chosen: ReadonlySet<string> }) => [...selection.chosen].sort().join('');

describe('select', () => {
  it('chooses one by a click', () => {
    const first = select(emptySelection, order, 'b', click);
    expect(chosen(select(first, order, 'd', click))).toBe('d');
  });

  it('reaches from the anchor in both directions with Shift', () => {
    const anchor = select(emptySelection, order, 'c', click);
    const down = select(anchor, order, 'e', shift);
    expect(chosen(down)).toBe('cde');
    expect(chosen(select(down, order, 'a', shift))).toBe('abc');
  });

  it('adds and takes away with Ctrl, and a range with both', () => {
    let selection = select(select(emptySelection, order, 'a', click), order, 'c', ctrl);
    expect(chosen(selection)).toBe('ac');
    selection = select(selection, order, 'e', { extend: true, toggle: true });
    expect(chosen(selection)).toBe('acde');
    expect(chosen(select(selection, order, 'd', ctrl))).toBe('ace');
  });

  it('chooses everything, rows that are not loaded too', () => {
    const all = selectAll(emptySelection);
    expect(isChosen(all, 'not loaded')).toBe(true);
    expect(chosen(select(all, ['a', undefined, 'c'], 'a', ctrl))).toBe('c');
    expect(select(all, order, 'b', click).all).toBe(false);
  });
});

describe('target', () => {
  it('stops at both ends', () => {
    const at = { ...emptySelection, active: 'b' };
    expect(target(at, order, 1)).toBe(2);
    expect(target(at, order, -5)).toBe(0);
    expect(target(at, order, 99)).toBe(4);
  });

  it('begins at an end when there is no active row', () => {
    expect(target(emptySelection, order, 1)).toBe(0);
    expect(target(emptySelection, order, -1)).toBe(4);
    // Home and End.
    expect(target(emptySelection, order, -5)).toBe(0);
    expect(target(emptySelection, order, 5)).toBe(4);
    expect(target(emptySelection, [], 1)).toBe(-1);
  });
});

describe('missingBetween', () => {
  it('finds rows that are not loaded', () => {
    expect(missingBetween(['a', undefined, 'c'], 'c', 'a')).toEqual({ from: 0, to: 2 });
    expect(missingBetween(order, 'a', 'e')).toBeNull();
  });
});
