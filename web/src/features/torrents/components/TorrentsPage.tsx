import { ActionIcon, Button, Menu, TextInput, Tooltip } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { TorrentRow } from '@/api';
import { go, type Route } from '@/app/route';
import { useIsPhone } from '@/app/useIsPhone';
import { ContextMenu } from '@/components/ui/ContextMenu';
import { Empty } from '@/components/ui/Empty';
import { ColumnMenu } from '@/components/ui/grid/ColumnMenu';
import { DataGrid } from '@/components/ui/grid/DataGrid';
import { Icon } from '@/components/ui/Icon';
import { late } from '@/components/ui/late';
import { announce } from '@/components/ui/notices';
import { useOnceTrue } from '@/components/ui/useOnceTrue';
import { addDialog, createDialog } from '@/features/add/dialogs';
import { useI18n } from '@/lib/i18n/I18n';
import { useShortcuts } from '@/lib/keyboard';
import { emptySelection, isChosen, type Selection, selectAll, selectNone } from '@/lib/selection';
import { useStored } from '@/lib/stored';
import { initialLayout, torrentLayout, useTorrentColumns } from '../columns';
import { everything, type Filter, isFiltered, toQuery } from '../filter';
import { useTorrentActions } from '../hooks/useTorrentActions';
import { useListState, useTorrentList } from '../hooks/useTorrentList';
import type { Target } from '../target';
import { FilterChips, Filters } from './Filters';
import { TorrentCards } from './TorrentCards';
import type { OpenDialog } from './TorrentDialogs';
import { TorrentMenuItems } from './TorrentMenu';
import classes from './TorrentsPage.module.css';

const DetailPanel = late(async () => (await import('@/features/details/components/DetailPanel')).DetailPanel);
const FilterDrawer = late(async () => (await import('./FilterDrawer')).FilterDrawer);
const TorrentDialogs = late(async () => (await import('./TorrentDialogs')).TorrentDialogs);

/** The filter holds while another page is looked at. */
let lastFilter = everything;

/** The torrents: filters, the table (cards on a phone), and the details of one of them. */
export function TorrentsPage({ route }: { route: Route & { page: 'torrents' } }) {
  const { t } = useI18n();
  const isPhone = useIsPhone();
  const [filter, setFilter] = useState<Filter>(lastFilter);
  lastFilter = filter;
  const text = useDelayed(filter.text, 150);
  const asked = useMemo(() => ({ ...filter, text }), [filter, text]);
  const [layout, setLayout] = useStored(torrentLayout);
  const [selection, setSelection] = useState<Selection>(emptySelection);
  const [menu, setMenu] = useState<{ x: number; y: number } | null>(null);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const [columnsOpen, setColumnsOpen] = useState(false);
  const [filtersOpen, setFiltersOpen] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const columns = useTorrentColumns();
  const actions = useTorrentActions();
  const list = useTorrentList(asked, layout.sort);
  const { total, counts } = useListState();
  const isEmpty = !list.isLoading && (counts?.total ?? 0) === 0;

  const changeFilter = (change: Partial<Filter>) => {
    setFilter((previous) => ({ ...previous, ...change }));
    setSelection(emptySelection);
  };
  useAnnouncedFinish(list.rowOf, list.order);

  const chosen = useMemo(() => chosenOf(selection, asked, total, list.rowOf), [selection, asked, total, list.rowOf]);
  const open = (id: string) => go({ page: 'torrents', torrent: id, tab: route.tab });
  const close = () => go({ page: 'torrents', torrent: null, tab: route.tab });
  const afterRemoval = () => {
    setSelection(selectNone({ ...selection, anchor: null }));
    if (route.torrent && chosen && (!chosen.target.ids || chosen.target.ids.includes(route.torrent))) close();
  };
  const show = (kind: OpenDialog['kind'], of = chosen) => of && setDialog({ kind, chosen: of });

  useShortcuts({
    search: () => search.current?.focus(),
    all: () => setSelection(selectAll(selection)),
    toggle: () => chosen && (chosen.isAllPaused ? actions.resume(chosen.target) : actions.pause(chosen.target)),
    remove: () => show('remove'),
    recheck: () => chosen && actions.recheck(chosen.target),
    rename: () => chosen?.row && show('rename'),
    details: () => (route.torrent ? close() : selection.active && open(selection.active)),
    grid: () => {
      const place = (role: string) => document.querySelector<HTMLElement>(`[role=grid] [role=${role}][tabindex="0"]`);
      (place('row') ?? place('columnheader'))?.focus();
    },
  });

  // With the panel open, it follows the row that is chosen.
  const opened = route.torrent;
  const following = !isPhone && opened !== null && selection.chosen.size === 1 ? [...selection.chosen][0] : undefined;
  useEffect(() => {
    if (following && following !== opened) go({ page: 'torrents', torrent: following, tab: route.tab }, true);
  }, [following, opened, route.tab]);

  const searchField = (
    <TextInput
      ref={search}
      className={classes.search}
      type="search"
      aria-label={t('torrents.search')}
      placeholder={t('torrents.search')}
      leftSection={<Icon name="search" size={16} />}
      value={filter.text}
      onChange={({ currentTarget: { value } }) => changeFilter({ text: value })}
      onKeyDown={(event) => event.key === 'Escape' && changeFilter({ text: '' })}
    />
  );
  const empty = isEmpty ? (
    <Empty icon="magnet" title={t('torrents.none')}>
      {t('torrents.noneHint')}
      <br />
      <Button onClick={() => addDialog.open()} leftSection={<Icon name="add" size={16} />}>
        {t('torrents.add')}
      </Button>
    </Empty>
  ) : list.isLoading ? (
    <Empty icon="clock" title={t('torrents.loading')} />
  ) : (
    <Empty icon="filter" title={t('torrents.noMatch')}>
      <Button variant="default" onClick={() => changeFilter(everything)}>
        {t('filter.clear')}
      </Button>
    </Empty>
  );
  const wasFiltering = useOnceTrue(filtersOpen);
  const wasAsking = useOnceTrue(dialog !== null);
  const dialogs = wasAsking && <TorrentDialogs open={dialog} actions={actions} onClose={() => setDialog(null)} onRemoved={afterRemoval} />;

  if (isPhone) {
    return (
      <div className={classes.phone}>
        <h1 className="visually-hidden">{t('torrents.label')}</h1>
        {route.torrent ? (
          <DetailPanel
            key={route.torrent}
            id={route.torrent}
            tab={route.tab}
            onClose={close}
            onDialog={(kind, row) => show(kind, chosenOne(row))}
          />
        ) : (
          <>
            <div className={classes.phoneBar}>
              {searchField}
              <ActionIcon
                variant={isFiltered(filter) ? 'light' : 'subtle'}
                color={isFiltered(filter) ? 'cyan' : 'gray'}
                aria-label={t('filter.andOrder')}
                onClick={() => setFiltersOpen(true)}
              >
                <Icon name="filter" />
              </ActionIcon>
            </div>
            <FilterChips filter={filter} onFilter={changeFilter} />
            <TorrentCards
              order={list.order}
              rowOf={list.rowOf}
              onView={list.onView}
              onOpen={open}
              empty={empty}
              onDialog={(kind, row) => show(kind, chosenOne(row))}
            />
            {wasFiltering && (
              <FilterDrawer
                opened={filtersOpen}
                onClose={() => setFiltersOpen(false)}
                filter={filter}
                onFilter={changeFilter}
                columns={columns}
                sort={layout.sort}
                onSort={(sort) => setLayout((previous) => ({ ...previous, sort }))}
              />
            )}
          </>
        )}
        {dialogs}
      </div>
    );
  }

  return (
    <div className={classes.page}>
      <h1 className="visually-hidden">{t('torrents.label')}</h1>
      <aside className={classes.filters} aria-label={t('filter.label')}>
        <Filters filter={filter} onFilter={changeFilter} />
      </aside>
      <div className={classes.main}>
        <div className={classes.toolbar} role="toolbar" aria-label={t('torrents.toolbar')}>
          <Button leftSection={<Icon name="add" size={16} />} onClick={() => addDialog.open()}>
            {t('torrents.add')}
          </Button>
          <span className={classes.separator} />
          <ToolButton icon="play" label={t('torrent.resume')} disabled={!chosen} onClick={() => chosen && actions.resume(chosen.target)} />
          <ToolButton icon="pause" label={t('torrent.pause')} disabled={!chosen} onClick={() => chosen && actions.pause(chosen.target)} />
          <ToolButton icon="trash" label={t('torrent.remove')} disabled={!chosen} onClick={() => show('remove')} />
          <Menu position="bottom-start" disabled={!chosen}>
            <Menu.Target>
              <ActionIcon aria-label={t('torrents.more')} disabled={!chosen}>
                <Icon name="more" />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>{chosen && <TorrentMenuItems chosen={chosen} actions={actions} onDialog={show} onOpen={open} />}</Menu.Dropdown>
          </Menu>
          <span className={classes.chosen} aria-live="polite">
            {chosen ? t('torrents.chosen', { count: chosen.count }) : ''}
          </span>
          <span className={classes.grow} />
          <ToolButton icon="create" label={t('torrents.create')} onClick={() => createDialog.open()} />
          <ColumnMenu
            columns={columns}
            layout={layout}
            initial={initialLayout}
            onLayout={setLayout}
            opened={columnsOpen}
            onOpened={setColumnsOpen}
          />
          {searchField}
        </div>
        <DataGrid
          label={t('torrents.label')}
          columns={columns}
          order={list.order}
          rowOf={list.rowOf}
          layout={layout}
          onLayout={setLayout}
          selection={selection}
          onSelection={setSelection}
          onOpen={open}
          onMenu={(_, x, y) => setMenu({ x, y })}
          onHeaderMenu={() => setColumnsOpen(true)}
          onView={list.onView}
          loadIds={list.loadIds}
          empty={empty}
        />
        {route.torrent && (
          <DetailPanel
            key={route.torrent}
            id={route.torrent}
            tab={route.tab}
            onClose={close}
            onDialog={(kind, row) => show(kind, chosenOne(row))}
          />
        )}
      </div>
      <ContextMenu at={menu} onClose={() => setMenu(null)} label={t('torrents.menu')}>
        {chosen && <TorrentMenuItems chosen={chosen} actions={actions} onDialog={show} onOpen={open} />}
      </ContextMenu>
      {dialogs}
    </div>
  );
}

function ToolButton({
  icon,
  label,
  disabled,
  onClick,
}: {
  icon: Parameters<typeof Icon>[0]['name'];
  label: string;
  disabled?: boolean;
  onClick: () => void;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} disabled={disabled} onClick={onClick}>
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}

/** What is chosen, as actions and dialogs need it. */
export interface Chosen {
  target: Target;
  count: number;
  /** The only one that is chosen. */
  row: TorrentRow | null;
  isAllPaused: boolean;
}

export const chosenOne = (row: TorrentRow): Chosen => ({ target: { ids: [row.id] }, count: 1, row, isAllPaused: row.state === 'paused' });

function chosenOf(selection: Selection, filter: Filter, total: number, rowOf: (id: string) => TorrentRow | undefined): Chosen | null {
  if (selection.all) return total === 0 ? null : { target: { filter: toQuery(filter) }, count: total, row: null, isAllPaused: false };
  const ids = [...selection.chosen];
  if (ids.length === 0) return null;
  const row = ids.length === 1 && ids[0] ? (rowOf(ids[0]) ?? null) : null;
  return {
    target: { ids },
    count: ids.length,
    row,
    isAllPaused: ids.every((id) => isChosen(selection, id) && rowOf(id)?.state === 'paused'),
  };
}

/** The value as it was when it last rested. */
function useDelayed(value: string, milliseconds: number): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return rested;
}

/** Tells screen readers of torrents in view that became complete. */
function useAnnouncedFinish(rowOf: (id: string) => TorrentRow | undefined, order: readonly (string | undefined)[]): void {
  const { t } = useI18n();
  const unfinished = useRef(new Set<string>());
  useEffect(() => {
    const before = unfinished.current;
    const now = new Set<string>();
    for (const id of order) {
      const row = id === undefined ? undefined : rowOf(id);
      if (!row) continue;
      if (!row.isFinished) now.add(row.id);
      else if (before.has(row.id)) announce(t('announce.finished', { name: row.name }));
    }
    unfinished.current = now;
  }, [rowOf, order, t]);
}
