/** What is chosen in a list, and where the keyboard stands. Immutable. */
export interface Selection {
  readonly chosen: ReadonlySet<string>;
  /** The row that has the focus. */
  readonly active: string | null;
  /** The row from which a Shift selection reaches. */
  readonly anchor: string | null;
  /** Everything in the list is chosen, rows that are not loaded among them. */
  readonly all: boolean;
}

/** The ids of a list in order; those of rows that are not loaded yet are missing. */
export type Order = readonly (string | undefined)[];

export const emptySelection: Selection = { chosen: new Set(), active: null, anchor: null, all: false };

export interface Modifiers {
  /** Shift: from the anchor to here. */
  extend: boolean;
  /** Ctrl or Cmd: add or take away. */
  toggle: boolean;
}

export const isChosen = (selection: Selection, id: string): boolean => selection.all || selection.chosen.has(id);

/** A click on a row. */
export function select(selection: Selection, order: Order, id: string, { extend, toggle }: Modifiers): Selection {
  if (extend && selection.anchor !== null) {
    const range = between(order, selection.anchor, id);
    return { chosen: new Set(toggle ? [...selection.chosen, ...range] : range), active: id, anchor: selection.anchor, all: false };
  }
  if (toggle) {
    // Taking one away from "everything" leaves the others that are loaded: the rest can't be named one by one.
    const chosen = new Set(selection.all ? order.filter((one) => one !== undefined) : selection.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    return { chosen, active: id, anchor: id, all: false };
  }
  return { chosen: new Set([id]), active: id, anchor: id, all: false };
}

/** Chooses nothing new, only puts the keyboard's place on a row. */
export const activate = (selection: Selection, id: string): Selection => ({ ...selection, active: id });

/** The index to which the keyboard moves by some rows; it stops at both ends. -1 in an empty list. */
export function target(selection: Selection, order: Order, by: number): number {
  const from = selection.active === null ? -1 : order.indexOf(selection.active);
  if (order.length === 0) return -1;
  if (Math.abs(by) >= order.length) return by < 0 ? 0 : order.length - 1;
  return from < 0 ? (by < 0 ? order.length - 1 : 0) : Math.min(order.length - 1, Math.max(0, from + by));
}

export const selectAll = (selection: Selection): Selection => ({ ...selection, all: true });

export const selectNone = (selection: Selection): Selection => ({ ...selection, chosen: new Set(), all: false });

function between(order: Order, one: string, other: string): string[] {
  const a = order.indexOf(one);
  const b = order.indexOf(other);
  if (b < 0) return [];
  return a < 0 ? [other] : order.slice(Math.min(a, b), Math.max(a, b) + 1).filter((id) => id !== undefined);
}

/** The part of the list between two rows, when some of it is not loaded yet; null when all of it is. */
export function missingBetween(order: Order, one: string, other: string): { from: number; to: number } | null {
  const a = order.indexOf(one);
  const b = order.indexOf(other);
  if (a < 0 || b < 0) return null;
  const from = Math.min(a, b);
  const to = Math.max(a, b);
  for (let index = from; index <= to; index++) if (order[index] === undefined) return { from, to };
  return null;
}
