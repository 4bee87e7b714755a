import {
  type ColumnDef,
  columnOrderingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type PointerEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { Icon } from '@/components/ui/Icon';
import { activate, isChosen, missingBetween, type Order, type Selection, select, selectAll, selectNone, target } from '@/lib/selection';
import classes from './DataGrid.module.css';
import type { GridLayout } from './layout';

export interface GridColumn<T> {
  id: string;
  label: string;
  /** CSS pixels. */
  width: number;
  align?: 'end';
  sortable?: boolean;
  /** It stays in view when the others are scrolled sideways, where the screen is wide enough. */
  frozen?: boolean;
  /** Numbers and times are sorted from the largest first. */
  largestFirst?: boolean;
  render: (row: T) => ReactNode;
}

interface DataGridProps<T> {
  /** What screen readers call the grid. */
  label: string;
  columns: GridColumn<T>[];
  /** The rows' ids in the order in which they are shown; rows that are not loaded are shown as outlines. */
  order: Order;
  rowOf: (id: string) => T | undefined;
  layout: GridLayout;
  onLayout: (change: (layout: GridLayout) => GridLayout) => void;
  selection: Selection;
  onSelection: (selection: Selection) => void;
  /** Enter, or a double click. */
  onOpen?: (id: string) => void;
  /** The right button, the menu key or Shift+F10 on a row; the row is chosen before. */
  onMenu?: (id: string, x: number, y: number) => void;
  /** F2 on a row. */
  onRename?: (id: string) => void;
  /** The right button on the header. */
  onHeaderMenu?: (x: number, y: number) => void;
  /** The rows that are in view, when that changes. */
  onView?: (first: number, last: number) => void;
  /** Gets the ids of rows that are not loaded, for a selection that reaches over them. */
  loadIds?: (from: number, to: number) => Promise<string[]>;
  /** Makes it a tree: how deep each row stands, and whether it is open, for those that can be. */
  tree?: { level: (row: T) => number; isOpen: (row: T) => boolean | undefined; onToggle: (id: string) => void };
  rowHeight?: number;
  empty: ReactNode;
}

const features = tableFeatures({ columnOrderingFeature, columnSizingFeature, columnVisibilityFeature, rowSortingFeature });
const minimumWidth = 48;
const noRows: never[] = [];

/**
 * A grid of many rows: only those in view are in the document. TanStack Table holds the columns (order, width, visibility, sorting); the
 * rows come in the order that the caller gives, so that a changed row costs that row and not the list.
 */
export function DataGrid<T>(props: DataGridProps<T>) {
  const { columns, order, rowOf, layout, onLayout, selection, onSelection, rowHeight = 34 } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;

  const definitions = useMemo(
    () => columns.map((column): ColumnDef<typeof features, never> => ({ id: column.id, size: column.width, minSize: minimumWidth })),
    [columns],
  );
  const sorting = useMemo(() => (layout.sort ? [layout.sort] : []), [layout.sort]);
  const table = useTable({
    features,
    columns: definitions,
    data: noRows,
    manualSorting: true,
    state: { columnOrder: layout.order, columnVisibility: layout.visibility, columnSizing: layout.sizing, sorting },
  });
  const visible = table
    .getVisibleLeafColumns()
    .map((column) => ({ width: column.getSize(), column: columns.find(({ id }) => id === column.id) }))
    .filter((entry): entry is { width: number; column: GridColumn<T> } => entry.column !== undefined);
  const visibleKey = visible.map(({ column }) => column.id).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the columns that are shown change with these two only, not with each render.
  const shown = useMemo(() => visible.map(({ column }) => column), [columns, visibleKey]);
  const template = `${visible.map(({ width }) => `${width}px`).join(' ')} minmax(0, 1fr)`;

  const activeIndex = useMemo(() => (selection.active === null ? -1 : order.indexOf(selection.active)), [order, selection.active]);
  const virtualizer = useVirtualizer({
    count: order.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 5,
    // The row with the focus stays in the document wherever the list is scrolled: losing it would lose the keyboard's place.
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) => {
        const inView = defaultRangeExtractor(range);
        if (activeIndex < 0 || activeIndex >= range.count || inView.includes(activeIndex)) return inView;
        return [...inView, activeIndex].sort((a, b) => a - b);
      },
      [activeIndex],
    ),
  });

  const items = virtualizer.getVirtualItems();
  const first = virtualizer.range?.startIndex ?? 0;
  const last = virtualizer.range?.endIndex ?? 0;
  useEffect(() => latest.current.onView?.(first, last), [first, last]);

  // After a move by keyboard the focus follows the active row; a row that is not loaded yet becomes active when it is.
  const followFocus = useRef(false);
  const awaited = useRef<{ index: number; extend: boolean; choose: boolean } | null>(null);
  useEffect(() => {
    if (!followFocus.current || activeIndex < 0) return;
    followFocus.current = false;
    virtualizer.scrollToIndex(activeIndex, { align: 'auto' });
    const focus = () => scroller.current?.querySelector<HTMLElement>(`[data-row="${activeIndex}"]`)?.focus({ preventScroll: true });
    focus();
    requestAnimationFrame(focus);
  }, [activeIndex, virtualizer]);

  const choose = useCallback(async (id: string, modifiers: { extend: boolean; toggle: boolean }) => {
    const { selection, order, onSelection, loadIds } = latest.current;
    const missing = modifiers.extend && selection.anchor !== null ? missingBetween(order, selection.anchor, id) : null;
    if (!missing || !loadIds) return onSelection(select(selection, order, id, modifiers));
    const ids = await loadIds(missing.from, missing.to);
    const { selection: now } = latest.current;
    onSelection({ chosen: new Set(modifiers.toggle ? [...now.chosen, ...ids] : ids), active: id, anchor: now.anchor, all: false });
  }, []);
  const goTo = useCallback(
    (index: number, modifiers: { extend: boolean; choose: boolean }) => {
      const { selection, order, onSelection } = latest.current;
      const id = order[index];
      followFocus.current = true;
      if (id === undefined) {
        awaited.current = { index, ...modifiers };
        virtualizer.scrollToIndex(index, { align: 'auto' });
      } else if (modifiers.choose) void choose(id, { extend: modifiers.extend, toggle: false });
      else onSelection(activate(selection, id));
    },
    [choose, virtualizer],
  );
  useEffect(() => {
    const goal = awaited.current;
    if (!goal || order[goal.index] === undefined) return;
    awaited.current = null;
    goTo(goal.index, goal);
  }, [order, goTo]);

  const onRowClick = useCallback(
    (id: string, event: MouseEvent) => void choose(id, { extend: event.shiftKey, toggle: event.ctrlKey || event.metaKey }),
    [choose],
  );
  const onRowMenu = useCallback((id: string, event: MouseEvent) => {
    const { selection, order, onSelection, onMenu } = latest.current;
    if (!onMenu) return;
    event.preventDefault();
    if (!isChosen(selection, id)) onSelection(select(selection, order, id, { extend: false, toggle: false }));
    onMenu(id, event.clientX, event.clientY);
  }, []);
  const onRowOpen = useCallback((id: string) => latest.current.onOpen?.(id), []);

  const onBodyKey = (event: KeyboardEvent) => {
    // Keys of a control inside a row are its own.
    if ((event.target as HTMLElement).closest('[role=row]') !== event.target) return;
    const extend = event.shiftKey;
    const toggle = event.ctrlKey || event.metaKey;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -order.length,
      End: order.length,
    };
    const step = steps[event.key];
    const active = selection.active;
    if (step !== undefined && !event.altKey) {
      if (event.key === 'ArrowUp' && activeIndex === 0 && !extend)
        scroller.current?.querySelector<HTMLElement>('[role=columnheader][tabindex="0"]')?.focus();
      else goTo(target(selection, order, step), { extend, choose: !toggle || extend });
    } else if (event.key === ' ' && active !== null) void choose(active, { extend, toggle: !extend });
    else if (event.key.toLowerCase() === 'a' && toggle) onSelection(selectAll(selection));
    else if (event.key === 'Escape' && (selection.all || selection.chosen.size > 0)) onSelection(selectNone(selection));
    else if (event.key === 'Enter' && active !== null && props.onOpen) props.onOpen(active);
    else if (event.key === 'F2' && active !== null && props.onRename) props.onRename(active);
    else if ((event.key === 'ContextMenu' || (event.key === 'F10' && extend)) && active !== null && props.onMenu) {
      if (!isChosen(selection, active)) onSelection(select(selection, order, active, { extend: false, toggle: false }));
      const box = (event.target as HTMLElement).getBoundingClientRect();
      props.onMenu(active, box.left + 24, box.top + box.height);
    } else if (props.tree && active !== null && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) {
      const row = rowOf(active);
      const isOpen = row && props.tree.isOpen(row);
      if (isOpen === undefined || isOpen === (event.key === 'ArrowRight')) return;
      props.tree.onToggle(active);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onRowFocus = useCallback((id: string) => {
    const { selection, onSelection } = latest.current;
    if (selection.active !== id) onSelection(activate(selection, id));
  }, []);

  const sortBy = (column: GridColumn<T>) => {
    if (!column.sortable) return;
    onLayout((previous) => {
      const desc = previous.sort?.id === column.id ? !previous.sort.desc : column.largestFirst === true;
      return { ...previous, sort: { id: column.id, desc } };
    });
  };
  const resize = (id: string, width: number) =>
    onLayout((previous) => ({ ...previous, sizing: { ...previous.sizing, [id]: Math.max(minimumWidth, Math.round(width)) } }));
  const place = (id: string, before: number) =>
    onLayout((previous) => {
      const all = table.getAllLeafColumns().map((column) => column.id);
      const target = shown[before]?.id;
      const without = all.filter((other) => other !== id);
      const at = target === undefined ? without.length : without.indexOf(target);
      return { ...previous, order: [...without.slice(0, at), id, ...without.slice(at)] };
    });

  const tabbable = Math.max(0, activeIndex);
  return (
    // A table element can't be virtualised; the roles say the same.
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles have all of these.
    <div
      ref={scroller}
      className={classes.scroller}
      role={props.tree ? 'treegrid' : 'grid'}
      aria-label={props.label}
      aria-rowcount={order.length + 1}
      aria-colcount={shown.length}
      aria-multiselectable="true"
      style={{ '--grid-columns': template } as CSSProperties}
      // A grid without rows still has to be scrolled by keyboard.
      tabIndex={order.length === 0 ? 0 : -1}
    >
      <Header
        columns={shown}
        widths={visible.map(({ width }) => width)}
        sort={layout.sort}
        onSort={sortBy}
        onResize={resize}
        onPlace={place}
        onMenu={props.onHeaderMenu}
        onDown={() => order.length > 0 && goTo(0, { extend: false, choose: false })}
      />
      {order.length === 0 ? (
        // biome-ignore lint/a11y/useSemanticElements: see above.
        <div role="row" tabIndex={-1} aria-rowindex={2}>
          {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
          <div role="gridcell" tabIndex={-1} aria-colspan={shown.length || 1}>
            {props.empty}
          </div>
        </div>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: see above.
        <div className={classes.body} role="rowgroup" style={{ height: virtualizer.getTotalSize() }} onKeyDown={onBodyKey}>
          {items.map((item) => {
            const id = order[item.index];
            const row = id === undefined ? undefined : rowOf(id);
            return id === undefined || row === undefined ? (
              <Outline key={`outline ${item.index}`} index={item.index} top={item.start} height={rowHeight} columns={shown.length} />
            ) : (
              <Row
                key={id}
                id={id}
                row={row}
                index={item.index}
                top={item.start}
                height={rowHeight}
                columns={shown}
                chosen={isChosen(selection, id)}
                tabbable={item.index === tabbable}
                level={props.tree?.level(row)}
                isOpen={props.tree?.isOpen(row)}
                onClick={onRowClick}
                onMenu={onRowMenu}
                onOpen={onRowOpen}
                onFocus={onRowFocus}
              />
            );
          })}
        </div>
      )}
    </div>
  );
}

interface RowProps<T> {
  id: string;
  row: T;
  index: number;
  top: number;
  height: number;
  columns: GridColumn<T>[];
  chosen: boolean;
  tabbable: boolean;
  level?: number;
  isOpen?: boolean;
  onClick: (id: string, event: MouseEvent) => void;
  onMenu: (id: string, event: MouseEvent) => void;
  onOpen: (id: string) => void;
  onFocus: (id: string) => void;
}

/** Stands where a row will be. */
const Outline = memo(function Outline({ index, top, height, columns }: { index: number; top: number; height: number; columns: number }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DataGrid.
    <div
      role="row"
      tabIndex={-1}
      className={classes.row}
      aria-rowindex={index + 2}
      aria-busy="true"
      style={{ height, transform: `translateY(${top}px)` }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see DataGrid. */}
      <div role="gridcell" tabIndex={-1} aria-colspan={columns} className={classes.cell}>
        <span className={classes.outline} />
      </div>
    </div>
  );
});

const cellClass = ({ align, frozen }: { align?: 'end'; frozen?: boolean }): string =>
  `${classes.cell} ${align ? classes.end : ''} ${frozen ? classes.frozen : ''}`;

const Row = memo(function Row<T>(props: RowProps<T>) {
  const { id, row, index, top, height, columns, chosen, tabbable, level, isOpen, onClick, onMenu, onOpen, onFocus } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DataGrid.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys of all rows.
    <div
      role="row"
      className={classes.row}
      aria-rowindex={index + 2}
      aria-selected={chosen}
      aria-level={level}
      aria-expanded={isOpen}
      data-row={index}
      data-id={id}
      tabIndex={tabbable ? 0 : -1}
      style={{ height, transform: `translateY(${top}px)` }}
      onClick={(event) => onClick(id, event)}
      onContextMenu={(event) => onMenu(id, event)}
      onDoubleClick={() => onOpen(id)}
      onFocus={() => onFocus(id)}
    >
      {columns.map((column, at) => (
        // biome-ignore lint/a11y/useSemanticElements: see DataGrid.
        // biome-ignore lint/a11y/useFocusableInteractive: the row takes the focus.
        <div key={column.id} role="gridcell" aria-colindex={at + 1} className={cellClass(column)}>
          {column.render(row)}
        </div>
      ))}
    </div>
  );
}) as <T>(props: RowProps<T>) => ReactNode;

interface HeaderProps<T> {
  columns: GridColumn<T>[];
  widths: number[];
  sort: GridLayout['sort'];
  onSort: (column: GridColumn<T>) => void;
  onResize: (id: string, width: number) => void;
  onPlace: (id: string, before: number) => void;
  onMenu?: (x: number, y: number) => void;
  onDown: () => void;
}

function Header<T>({ columns, widths, sort, onSort, onResize, onPlace, onMenu, onDown }: HeaderProps<T>) {
  const [focused, setFocused] = useState(0);
  const [dropAt, setDropAt] = useState(-1);
  const dragged = useRef<string | null>(null);
  const row = useRef<HTMLDivElement>(null);
  const tabbable = Math.min(focused, columns.length - 1);

  const focus = (index: number) => {
    const bounded = Math.min(columns.length - 1, Math.max(0, index));
    setFocused(bounded);
    row.current?.querySelectorAll<HTMLElement>('[role=columnheader]')[bounded]?.focus();
  };
  const onKey = (event: KeyboardEvent, column: GridColumn<T>, index: number) => {
    const sideways = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (sideways !== 0 && event.altKey && event.shiftKey) {
      onPlace(column.id, sideways > 0 ? index + 2 : Math.max(0, index - 1));
      requestAnimationFrame(() => focus(index + sideways));
    } else if (sideways !== 0 && event.altKey) onResize(column.id, (widths[index] ?? 100) + sideways * 16);
    else if (sideways !== 0) focus(index + sideways);
    else if (event.key === 'Enter' || event.key === ' ') onSort(column);
    else if (event.key === 'ArrowDown') onDown();
    else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      const box = event.currentTarget.getBoundingClientRect();
      onMenu?.(box.left, box.bottom);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const startResize = (event: PointerEvent<HTMLElement>, column: GridColumn<T>, width: number) => {
    event.preventDefault();
    event.stopPropagation();
    const handle = event.currentTarget;
    const start = event.clientX;
    handle.setPointerCapture(event.pointerId);
    const onMove = (moved: globalThis.PointerEvent) => onResize(column.id, width + moved.clientX - start);
    const onEnd = () => {
      handle.removeEventListener('pointermove', onMove);
      handle.removeEventListener('lostpointercapture', onEnd);
    };
    handle.addEventListener('pointermove', onMove);
    handle.addEventListener('lostpointercapture', onEnd);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: see DataGrid.
    <div
      ref={row}
      role="row"
      tabIndex={-1}
      aria-rowindex={1}
      className={classes.header}
      onContextMenu={(event) => {
        if (!onMenu) return;
        event.preventDefault();
        onMenu(event.clientX, event.clientY);
      }}
    >
      {columns.map((column, index) => {
        const sorted = sort?.id === column.id ? sort : null;
        const names = [classes.head];
        if (column.align) names.push(classes.end);
        if (column.sortable) names.push(classes.sortable);
        if (column.frozen) names.push(classes.frozen);
        if (sorted) names.push(classes.sorted);
        if (dropAt === index) names.push(classes.dropTarget);
        return (
          // biome-ignore lint/a11y/useSemanticElements: see DataGrid.
          <div
            key={column.id}
            role="columnheader"
            aria-colindex={index + 1}
            aria-sort={sorted ? (sorted.desc ? 'descending' : 'ascending') : column.sortable ? 'none' : undefined}
            className={names.join(' ')}
            tabIndex={index === tabbable ? 0 : -1}
            draggable
            onFocus={() => setFocused(index)}
            onClick={() => onSort(column)}
            onKeyDown={(event) => onKey(event, column, index)}
            onDragStart={(event) => {
              dragged.current = column.id;
              event.dataTransfer.effectAllowed = 'move';
            }}
            onDragOver={(event) => {
              if (dragged.current === null) return;
              event.preventDefault();
              setDropAt(index);
            }}
            onDragEnd={() => {
              dragged.current = null;
              setDropAt(-1);
            }}
            onDrop={(event) => {
              if (dragged.current === null) return;
              event.preventDefault();
              event.stopPropagation();
              if (dragged.current !== column.id) onPlace(dragged.current, index);
              dragged.current = null;
              setDropAt(-1);
            }}
          >
            <span>{column.label}</span>
            {sorted && <Icon name={sorted.desc ? 'down' : 'up'} size={12} />}
            {/* biome-ignore lint/a11y/noStaticElementInteractions: by keyboard, Alt+arrow on the header does the same. */}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the click is only kept from sorting. */}
            <span
              className={classes.resize}
              draggable
              onDragStart={(event) => {
                event.preventDefault();
                event.stopPropagation();
              }}
              onClick={(event) => event.stopPropagation()}
              onPointerDown={(event) => startResize(event, column, widths[index] ?? 100)}
            />
          </div>
        );
      })}
    </div>
  );
}
