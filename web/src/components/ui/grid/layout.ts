import { StoredValue } from '@/lib/stored';

/** How a person has arranged a grid. */
export interface GridLayout {
  /** Column ids in their order; those that are not in it follow in the order in which they are defined. */
  order: string[];
  visibility: Record<string, boolean>;
  /** Widths in CSS pixels of the columns that were resized. */
  sizing: Record<string, number>;
  sort: { id: string; desc: boolean } | null;
}

const isRecordOf = (value: unknown, type: 'boolean' | 'number'): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((entry) => typeof entry === type);

function isLayout(value: unknown): value is GridLayout {
  if (typeof value !== 'object' || value === null) return false;
  const layout = value as Partial<GridLayout>;
  return (
    Array.isArray(layout.order) &&
    layout.order.every((id) => typeof id === 'string') &&
    isRecordOf(layout.visibility, 'boolean') &&
    isRecordOf(layout.sizing, 'number') &&
    (layout.sort === null || (typeof layout.sort?.id === 'string' && typeof layout.sort.desc === 'boolean'))
  );
}

/** A grid's arrangement, kept in this browser. */
export function storedLayout(key: string, hidden: string[], sort: GridLayout['sort'] = null): StoredValue<GridLayout> {
  const visibility = Object.fromEntries(hidden.map((id) => [id, false]));
  return new StoredValue<GridLayout>(`grid.${key}`, { order: [], visibility, sizing: {}, sort }, isLayout);
}
