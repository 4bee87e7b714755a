import { Button, Checkbox, Group } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import type { FileRow } from '@/api';
import { Icon } from '@/components/ui/Icon';
import { buildFileTree, type FileNode, filesBelow, visibleNodes } from '@/lib/fileTree';
import { useI18n } from '@/lib/i18n/I18n';
import classes from './FileChoice.module.css';

interface FileChoiceProps {
  files: readonly FileRow[];
  skipped: ReadonlySet<number>;
  onSkipped: (files: ReadonlySet<number>) => void;
}

const rowHeight = 30;

/** The files of a torrent as a tree of boxes; a folder's box is for all below it. */
export function FileChoice({ files, skipped, onSkipped }: FileChoiceProps) {
  const { t, format } = useI18n();
  const root = useMemo(() => buildFileTree(files), [files]);
  // A torrent's only folder is open from the start.
  const [open, setOpen] = useState<ReadonlySet<string>>(
    () => new Set(root.children.length === 1 ? root.children.map(({ path }) => path) : []),
  );
  const rows = useMemo(() => visibleNodes(root, (path) => open.has(path)), [root, open]);
  const below = useMemo(() => new Map<FileNode, number[]>(), []);
  const filesOf = (node: FileNode) => {
    const known = below.get(node) ?? filesBelow(node);
    below.set(node, known);
    return known;
  };
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });

  const set = (indexes: readonly number[], wanted: boolean) => {
    const next = new Set(skipped);
    for (const index of indexes) {
      if (wanted) next.delete(index);
      else next.add(index);
    }
    onSkipped(next);
  };
  const toggle = (path: string, isOpen: boolean) => {
    const next = new Set(open);
    if (isOpen) next.add(path);
    else next.delete(path);
    setOpen(next);
  };
  const onKey = (event: KeyboardEvent, node: FileNode, index: number) => {
    if (node.file === null && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) toggle(node.path, event.key === 'ArrowRight');
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const next = index + (event.key === 'ArrowDown' ? 1 : -1);
      scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] input`)?.focus();
    } else return;
    event.preventDefault();
  };
  return (
    <div className={classes.root}>
      <Group gap="xs" className={classes.bar}>
        <span>{t('add.wantedOf', { wanted: files.length - skipped.size, count: files.length })}</span>
        <Button size="compact-xs" variant="subtle" onClick={() => onSkipped(new Set())}>
          {t('add.all')}
        </Button>
        <Button size="compact-xs" variant="subtle" onClick={() => onSkipped(new Set(files.map(({ index }) => index)))}>
          {t('add.none')}
        </Button>
      </Group>
      <div ref={scroller} className={classes.scroller}>
        <div style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
          {virtualizer.getVirtualItems().map((item) => {
            const node = rows[item.index];
            if (!node) return null;
            const indexes = filesOf(node);
            const left = indexes.reduce((count, index) => (skipped.has(index) ? count + 1 : count), 0);
            return (
              // biome-ignore lint/a11y/noStaticElementInteractions: the keys of the box in it bubble up to here.
              <div
                key={`${node.file ?? 'd'} ${node.path}`}
                className={classes.row}
                data-index={item.index}
                style={{ transform: `translateY(${item.start}px)`, height: rowHeight, paddingLeft: 12 + node.depth * 20 }}
                onKeyDown={(event) => onKey(event, node, item.index)}
              >
                {node.file === null ? (
                  <button
                    type="button"
                    className={classes.toggle}
                    aria-label={`${open.has(node.path) ? t('files.close') : t('files.open')}: ${node.name}`}
                    aria-expanded={open.has(node.path)}
                    onClick={() => toggle(node.path, !open.has(node.path))}
                  >
                    <Icon name={open.has(node.path) ? 'chevronDown' : 'chevronRight'} size={14} />
                  </button>
                ) : (
                  <span className={classes.toggle} />
                )}
                <Checkbox
                  size="xs"
                  className={classes.box}
                  label={<bdi>{node.name}</bdi>}
                  checked={left === 0}
                  indeterminate={left > 0 && left < indexes.length}
                  onChange={() => set(indexes, left > 0)}
                />
                <span className={classes.size}>{format.bytes(node.length)}</span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
