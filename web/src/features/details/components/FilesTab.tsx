import { Button, Group, Menu, NativeSelect } from '@mantine/core';
import { keepPreviousData, useQueries, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { FilePriority, FileRow, FolderRow, PriorityChange, TorrentDetails } from '@/api';
import { useIsPhone } from '@/app/useIsPhone';
import { ContextMenu } from '@/components/ui/ContextMenu';
import { Empty } from '@/components/ui/Empty';
import { DataGrid, type GridColumn } from '@/components/ui/grid/DataGrid';
import { storedLayout } from '@/components/ui/grid/layout';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { ProgressBar } from '@/components/ui/ProgressBar';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { emptySelection } from '@/lib/selection';
import { useStored } from '@/lib/stored';
import { filesIn, rename, setPriorities } from '../api/details';
import { RenameDialog } from './RenameDialog';
import classes from './Tab.module.css';

const fileLayout = storedLayout('files', []);
const pageSize = 1000;

/** A row of the tree: a folder, a file, or the line that loads more of a long folder. */
interface Node {
  id: string;
  depth: number;
  name: string;
  path: string;
  folder?: FolderRow;
  file?: FileRow;
  more?: { folder: string; shown: number };
}

/** The torrent's files as a tree; what lies in a folder is asked for when it is opened. */
export function FilesTab({ id, details }: { id: string; details: TorrentDetails }) {
  const { t, format } = useI18n();
  const isPhone = useIsPhone();
  const client = useQueryClient();
  const [layout, setLayout] = useStored(fileLayout);
  const [selection, setSelection] = useState(emptySelection);
  const [menu, setMenu] = useState<{ x: number; y: number } | null>(null);
  const [renaming, setRenaming] = useState<Node | null>(null);
  const [openFolders, setOpenFolders] = useState<readonly string[]>(['']);
  const [limits, setLimits] = useState<Readonly<Record<string, number>>>({});
  const isMoving = details.row.isFinished !== true && (details.row.downloadRate ?? 0) > 0;

  const folders = useQueries({
    queries: openFolders.map((folder) => ({
      queryKey: ['files', id, folder, limits[folder] ?? pageSize],
      queryFn: () => filesIn(id, folder, limits[folder] ?? pageSize),
      refetchInterval: isMoving ? 3000 : (false as const),
      placeholderData: keepPreviousData,
    })),
  });
  // The folder that holds all the others is open from the start.
  const root = folders[0]?.data;
  const only = root && root.files.length === 0 && root.folders.length === 1 ? root.folders[0]?.path : undefined;
  useEffect(() => {
    if (only !== undefined) setOpenFolders((open) => (open.includes(only) ? open : [...open, only]));
  }, [only]);
  const nodes = useMemo(() => {
    const contents = new Map(openFolders.map((folder, index) => [folder, folders[index]?.data]));
    const rows: Node[] = [];
    const add = (path: string, depth: number) => {
      const list = contents.get(path);
      if (!list) return;
      for (const folder of list.folders) {
        rows.push({ id: `d ${folder.path}`, depth, name: folder.name, path: folder.path, folder });
        if (openFolders.includes(folder.path)) add(folder.path, depth + 1);
      }
      for (const file of list.files)
        rows.push({ id: `f ${file.index}`, depth, name: file.path.slice(file.path.lastIndexOf('/') + 1), path: file.path, file });
      if (list.files.length < list.total && list.files.length > 0)
        rows.push({ id: `m ${path}`, depth, name: '', path, more: { folder: path, shown: list.files.length } });
    };
    add('', 0);
    return new Map(rows.map((row) => [row.id, row]));
  }, [openFolders, folders]);
  const order = useMemo(() => [...nodes.keys()], [nodes]);

  const toggle = (nodeId: string) => {
    const path = nodes.get(nodeId)?.folder?.path;
    if (path === undefined) return;
    setOpenFolders((open) => (open.includes(path) ? open.filter((one) => one !== path && !one.startsWith(`${path}/`)) : [...open, path]));
  };
  const prioritise = async (ids: readonly string[], priority: FilePriority) => {
    const chosen = ids.map((one) => nodes.get(one)).filter((node) => node !== undefined);
    const indexes = chosen.flatMap(({ file }) => (file ? [file.index] : []));
    const changes: PriorityChange[] = chosen.flatMap(({ folder }) => (folder ? [{ folder: folder.path, priority }] : []));
    if (indexes.length > 0) changes.push({ indexes, priority });
    try {
      await setPriorities(id, changes);
      await client.invalidateQueries({ queryKey: ['files', id] });
    } catch (error) {
      notify({ kind: 'problem', title: t('action.notDone'), detail: explain(error, t) });
    }
  };
  const renameTo = async (name: string) => {
    if (!renaming) return;
    const { path } = renaming;
    await rename(id, path, name);
    const renamed = path.slice(0, path.lastIndexOf('/') + 1) + name;
    setOpenFolders((open) => open.map((one) => (one === path || one.startsWith(`${path}/`) ? renamed + one.slice(path.length) : one)));
    await client.invalidateQueries({ queryKey: ['files', id] });
  };
  const startRename = (nodeId: string | undefined) => {
    const node = nodeId === undefined ? undefined : nodes.get(nodeId);
    if (node && !node.more) setRenaming(node);
  };
  const chosenIds = selection.all ? order : [...selection.chosen].filter((one) => nodes.has(one));
  const priorityNames: { value: FilePriority; label: string }[] = [
    { value: 'high', label: t('priority.high') },
    { value: 'normal', label: t('priority.normal') },
    { value: 'low', label: t('priority.low') },
    { value: 'skip', label: t('priority.skip') },
  ];
  const isOpen = (node: Node) => (node.folder ? openFolders.includes(node.folder.path) : undefined);

  const size: GridColumn<Node> = {
    id: 'size',
    label: t('column.size'),
    width: isPhone ? 90 : 100,
    align: 'end',
    render: (node) => (node.more ? '' : format.bytes((node.folder ?? node.file)?.length ?? 0)),
  };
  // On a phone the size is what has no room.
  const columns: GridColumn<Node>[] = [
    {
      id: 'name',
      label: t('column.name'),
      width: isPhone ? 156 : 420,
      frozen: true,
      render: (node) =>
        node.more ? (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => setLimits((before) => ({ ...before, [node.path]: (node.more?.shown ?? 0) + pageSize }))}
          >
            {t('files.more')}
          </Button>
        ) : (
          <span className={classes.name} style={{ paddingLeft: node.depth * 18 }}>
            {node.folder ? (
              <button
                type="button"
                tabIndex={-1}
                className={classes.toggle}
                aria-label={isOpen(node) ? t('files.close') : t('files.open')}
                onClick={() => toggle(node.id)}
              >
                <Icon name={isOpen(node) ? 'chevronDown' : 'chevronRight'} size={14} />
              </button>
            ) : (
              <span className={classes.toggle} />
            )}
            <Icon name={node.folder ? 'folder' : 'file'} size={15} />
            <bdi title={node.file?.pathInTorrent ? t('files.inTorrent', { path: node.file.pathInTorrent }) : node.path}>{node.name}</bdi>
          </span>
        ),
    },
    ...(isPhone ? [] : [size]),
    {
      id: 'progress',
      label: t('column.progress'),
      width: isPhone ? 112 : 150,
      render: (node) => {
        const entry = node.folder ?? node.file;
        if (!entry) return null;
        const part = entry.length === 0 ? 1 : (entry.doneBytes ?? 0) / entry.length;
        return (
          <ProgressBar
            part={part}
            text={format.percent(part)}
            tone={part >= 1 ? 'good' : node.file?.priority === 'skip' ? 'dim' : 'accent'}
          />
        );
      },
    },
    {
      id: 'priority',
      label: t('files.priority'),
      width: isPhone ? 104 : 150,
      render: (node) =>
        node.more ? null : (
          <NativeSelect
            size="xs"
            variant="unstyled"
            aria-label={`${t('files.priority')}: ${node.name}`}
            data={(node.folder ?? node.file)?.priority ? priorityNames : [{ value: '', label: t('priority.mixed') }, ...priorityNames]}
            value={(node.folder ?? node.file)?.priority ?? ''}
            onClick={(event) => event.stopPropagation()}
            onDoubleClick={(event) => event.stopPropagation()}
            onChange={({ currentTarget }) => currentTarget.value && prioritise([node.id], currentTarget.value as FilePriority)}
          />
        ),
    },
    ...(isPhone ? [size] : []),
  ];
  return (
    <>
      <div className={classes.bar}>
        <span>{t('files.count', { count: details.fileCount ?? 0 })}</span>
        {chosenIds.length > 0 && (
          <Group gap={4}>
            {priorityNames.map(({ value, label }) => (
              <Button key={value} size="compact-xs" variant="default" onClick={() => prioritise(chosenIds, value)}>
                {label}
              </Button>
            ))}
          </Group>
        )}
      </div>
      <DataGrid
        label={t('details.files')}
        columns={columns}
        order={order}
        rowOf={(node) => nodes.get(node)}
        layout={layout}
        onLayout={setLayout}
        selection={selection}
        onSelection={setSelection}
        onOpen={toggle}
        onMenu={(_, x, y) => setMenu({ x, y })}
        onRename={startRename}
        tree={{ level: (node) => node.depth + 1, isOpen, onToggle: toggle }}
        rowHeight={30}
        empty={<Empty compact icon="file" title={details.hasMetadata ? t('torrents.loading') : t('files.none')} />}
      />
      <ContextMenu at={menu} onClose={() => setMenu(null)} label={t('files.menu')}>
        {chosenIds.length === 1 && (
          <Menu.Item leftSection={<Icon name="rename" size={15} />} onClick={() => startRename(chosenIds[0])}>
            {t('torrent.rename')}
          </Menu.Item>
        )}
        <Menu.Label>{t('files.priority')}</Menu.Label>
        {priorityNames.map(({ value, label }) => (
          <Menu.Item key={value} onClick={() => prioritise(chosenIds, value)}>
            {label}
          </Menu.Item>
        ))}
      </ContextMenu>
      <RenameDialog name={renaming?.name ?? null} rename={renameTo} onClose={() => setRenaming(null)} />
    </>
  );
}
