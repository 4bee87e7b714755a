import { ActionIcon, Button, Checkbox, Popover } from '@mantine/core';
import { useI18n } from '@/lib/i18n/I18n';
import { Icon } from '../Icon';
import classes from './ColumnMenu.module.css';
import type { GridColumn } from './DataGrid';
import type { GridLayout } from './layout';

interface ColumnMenuProps<T> {
  columns: GridColumn<T>[];
  layout: GridLayout;
  initial: GridLayout;
  onLayout: (change: (layout: GridLayout) => GridLayout) => void;
  opened: boolean;
  onOpened: (opened: boolean) => void;
}

/** Chooses columns and puts them in order. */
export function ColumnMenu<T>({ columns, layout, initial, onLayout, opened, onOpened }: ColumnMenuProps<T>) {
  const { t } = useI18n();
  const rank = (id: string) => {
    const at = layout.order.indexOf(id);
    return at < 0 ? layout.order.length + columns.findIndex((column) => column.id === id) : at;
  };
  const ordered = columns.toSorted((a, b) => rank(a.id) - rank(b.id));
  const place = (index: number, by: number) => {
    const ids = ordered.map(({ id }) => id);
    const [moved] = ids.splice(index, 1);
    if (moved !== undefined) ids.splice(index + by, 0, moved);
    onLayout((previous) => ({ ...previous, order: ids }));
  };
  return (
    <Popover opened={opened} onChange={onOpened} position="bottom-end" shadow="md" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <ActionIcon aria-label={t('grid.columns')} title={t('grid.columns')} aria-expanded={opened} onClick={() => onOpened(!opened)}>
          <Icon name="columns" />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('grid.columns')} p="xs">
        <ul className={classes.list}>
          {ordered.map((column, index) => (
            <li key={column.id}>
              <Checkbox
                size="xs"
                label={column.label}
                checked={layout.visibility[column.id] !== false}
                onChange={({ currentTarget: { checked } }) =>
                  onLayout((previous) => ({ ...previous, visibility: { ...previous.visibility, [column.id]: checked } }))
                }
              />
              <span className={classes.move}>
                <ActionIcon
                  size="sm"
                  disabled={index === 0}
                  aria-label={t('grid.moveUp', { column: column.label })}
                  onClick={() => place(index, -1)}
                >
                  <Icon name="up" size={13} />
                </ActionIcon>
                <ActionIcon
                  size="sm"
                  disabled={index === ordered.length - 1}
                  aria-label={t('grid.moveDown', { column: column.label })}
                  onClick={() => place(index, 1)}
                >
                  <Icon name="down" size={13} />
                </ActionIcon>
              </span>
            </li>
          ))}
        </ul>
        <Button variant="subtle" size="compact-sm" fullWidth onClick={() => onLayout(() => initial)}>
          {t('grid.reset')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
