import { Drawer, NativeSelect, Switch } from '@mantine/core';
import type { TorrentRow } from '@/api';
import type { GridColumn } from '@/components/ui/grid/DataGrid';
import type { GridLayout } from '@/components/ui/grid/layout';
import { useI18n } from '@/lib/i18n/I18n';
import type { Filter } from '../filter';
import classes from './FilterDrawer.module.css';
import { Filters } from './Filters';

interface FilterDrawerProps {
  opened: boolean;
  onClose: () => void;
  filter: Filter;
  onFilter: (change: Partial<Filter>) => void;
  columns: GridColumn<TorrentRow>[];
  sort: GridLayout['sort'];
  onSort: (sort: GridLayout['sort']) => void;
}

/** On a narrow screen: which torrents are shown, and in which order. Mantine's own header would be a second banner to screen readers. */
export function FilterDrawer({ opened, onClose, filter, onFilter, columns, sort, onSort }: FilterDrawerProps) {
  const { t } = useI18n();
  const sortable = columns.filter((column) => column.sortable);
  const sortBy = (id: string) => onSort({ id, desc: sortable.find((column) => column.id === id)?.largestFirst === true });
  return (
    <Drawer.Root opened={opened} onClose={onClose} size="85%" lockScroll={false} transitionProps={{ duration: 120 }}>
      <Drawer.Overlay backgroundOpacity={0.45} />
      <Drawer.Content>
        <div className={classes.header}>
          <Drawer.Title className={classes.title}>{t('filter.andOrder')}</Drawer.Title>
          <Drawer.CloseButton aria-label={t('common.close')} />
        </div>
        <Drawer.Body>
          <div className={classes.order}>
            <NativeSelect
              label={t('torrents.order')}
              data={sortable.map(({ id, label }) => ({ value: id, label: id === 'queue' ? t('torrent.queue') : label }))}
              value={sort?.id}
              onChange={({ currentTarget }) => sortBy(currentTarget.value)}
            />
            <Switch
              label={t('torrents.descending')}
              checked={sort?.desc === true}
              onChange={({ currentTarget }) => sort && onSort({ ...sort, desc: currentTarget.checked })}
            />
          </div>
          <Filters filter={filter} onFilter={onFilter} />
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
