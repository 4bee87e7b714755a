import { ActionIcon, Alert, Button, Checkbox, Collapse, Group, Loader, Stack, TagsInput, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ClipboardEvent, type FormEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { AddOptions, PriorityChange } from '@/api';
import { go } from '@/app/route';
import { Dialog } from '@/components/ui/Dialog';
import { FolderField } from '@/components/ui/FolderField';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { getSettings } from '@/features/settings/api/settings';
import { CategoryField } from '@/features/settings/components/CategoryField';
import { useCategories, useTags } from '@/features/settings/hooks/useLabels';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { addPreviews } from '../api/add';
import { addDialog, type ToAdd } from '../dialogs';
import { type Item, usePreviews } from '../hooks/usePreviews';
import { sourcesIn } from '../sources';
import classes from './AddDialog.module.css';
import { FileChoice } from './FileChoice';

/** Adds torrents: files that are dropped or chosen, links that are typed or pasted. What is in them is shown before they start. */
export function AddDialog({ toAdd }: { toAdd: ToAdd | null }) {
  const { t } = useI18n();
  return (
    <Dialog opened={toAdd !== null} onClose={addDialog.close} title={t('add.title')} size={720}>
      {toAdd && <AddForm toAdd={toAdd} />}
    </Dialog>
  );
}

function AddForm({ toAdd }: { toAdd: ToAdd }) {
  const { t, format } = useI18n();
  const { items, addFile, addSource, remove, release } = usePreviews();
  const settings = useQuery({ queryKey: ['settings'], queryFn: getSettings }).data;
  const categories = useCategories();
  const tags = useTags();
  const [text, setText] = useState('');
  const [category, setCategory] = useState('');
  const [savePath, setSavePath] = useState('');
  const [chosenTags, setTags] = useState<string[]>([]);
  const [isPaused, setPaused] = useState<boolean | null>(null);
  const [isSequential, setSequential] = useState(false);
  const [skipCheck, setSkipCheck] = useState(false);
  const [atTop, setAtTop] = useState(false);
  const [isMoreOpen, setMoreOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [skipped, setSkipped] = useState<ReadonlyMap<number, ReadonlySet<number>>>(new Map());
  const picker = useRef<HTMLInputElement>(null);

  // What was dropped while the dialog is open is added to what is there.
  const taken = useRef<ToAdd | null>(null);
  useEffect(() => {
    if (taken.current === toAdd) return;
    taken.current = toAdd;
    for (const file of toAdd.files) void addFile(file);
    for (const source of toAdd.sources) void addSource(source);
  }, [toAdd, addFile, addSource]);

  const takeText = (value: string) => {
    const sources = sourcesIn(value);
    for (const source of sources) void addSource(source);
    setText('');
    setProblem(sources.length === 0 && value.trim() !== '' ? t('add.notASource') : null);
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData('text');
    if (sourcesIn(pasted).length === 0) return;
    event.preventDefault();
    takeText(pasted);
  };

  const ready = items.filter((item) => item.preview && !item.problem);
  const chosenCategory = categories.find(({ name }) => name === category);
  const defaultPath = chosenCategory?.savePath || settings?.downloads.savePath || '';
  const startsPaused = isPaused ?? settings?.downloads.addPaused ?? false;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') return takeText(text);
    if (ready.length === 0) return;
    setBusy(true);
    setProblem(null);
    const options: AddOptions = {
      ...(savePath && { savePath }),
      ...(category && { category }),
      tags: chosenTags,
      paused: startsPaused,
      ...(isSequential && { sequential: true }),
      ...(skipCheck && { skipCheck: true }),
      ...(atTop && { atTopOfQueue: true }),
    };
    try {
      // Priorities are for one torrent, so torrents of which some files are left out go one by one.
      const plain = ready.filter(({ key }) => !skipped.get(key)?.size);
      const results = [];
      if (plain.length > 0) results.push(...(await addPreviews(idsOf(plain), options)).torrents);
      for (const item of ready.filter((one) => !plain.includes(one))) {
        const priorities: PriorityChange[] = [{ indexes: [...(skipped.get(item.key) ?? [])], priority: 'skip' }];
        results.push(...(await addPreviews(idsOf([item]), { ...options, priorities })).torrents);
      }
      const failed = results.filter(({ error }) => error);
      const added = results.filter(({ error, duplicate }) => !error && !duplicate);
      const duplicates = results.filter(({ duplicate }) => duplicate);
      if (added.length > 0)
        notify({
          kind: 'done',
          title: t('add.added', { count: added.length }),
          detail: added.length === 1 ? (added[0]?.name ?? undefined) : undefined,
        });
      for (const { name, source } of duplicates) notify({ kind: 'done', title: t('add.duplicate'), detail: name ?? source });
      for (const { name, source, error } of failed) notify({ kind: 'problem', title: name ?? source, detail: error ?? undefined });
      if (failed.length === 0) {
        release();
        addDialog.close();
        const only = results.length === 1 ? results[0]?.id : undefined;
        if (only && duplicates.length === 1) go({ page: 'torrents', torrent: only, tab: 'overview' });
      }
    } catch (error) {
      setProblem(explain(error, t));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={submit} onPaste={onPaste}>
      <Stack gap="md">
        <div className={classes.sources}>
          <Textarea
            className={classes.text}
            label={t('add.source')}
            placeholder={t('add.placeholder')}
            rows={2}
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey) return;
              event.preventDefault();
              takeText(text);
            }}
            data-autofocus
          />
          <div className={classes.buttons}>
            <Button
              variant="default"
              leftSection={<Icon name="link" size={15} />}
              disabled={text.trim() === ''}
              onClick={() => takeText(text)}
            >
              {t('add.look')}
            </Button>
            <Button variant="default" leftSection={<Icon name="file" size={15} />} onClick={() => picker.current?.click()}>
              {t('add.choose')}
            </Button>
          </div>
          <input
            ref={picker}
            type="file"
            accept=".torrent,application/x-bittorrent"
            multiple
            hidden
            aria-label={t('add.choose')}
            onChange={({ currentTarget }) => {
              for (const file of currentTarget.files ?? []) void addFile(file);
              currentTarget.value = '';
            }}
          />
        </div>
        {problem && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        {items.length === 0 ? (
          <p className={classes.hint}>
            <Icon name="upload" size={18} /> {t('add.hint')}
          </p>
        ) : (
          <ul className={classes.items}>
            {items.map((item) => (
              <PreviewItem
                key={item.key}
                item={item}
                skipped={skipped.get(item.key) ?? noFiles}
                onSkipped={(files) => setSkipped((before) => new Map(before).set(item.key, files))}
                onRemove={() => remove(item.key)}
                startsOpen={items.length === 1}
              />
            ))}
          </ul>
        )}
        <div className={classes.fields}>
          <CategoryField value={category} onChange={setCategory} />
          <FolderField label={t('add.folder')} value={savePath} onChange={setSavePath} placeholder={defaultPath} />
        </div>
        <Group gap="lg">
          <Checkbox
            label={t('add.startPaused')}
            checked={startsPaused}
            onChange={({ currentTarget }) => setPaused(currentTarget.checked)}
          />
          <Button variant="subtle" size="compact-sm" aria-expanded={isMoreOpen} onClick={() => setMoreOpen(!isMoreOpen)}>
            {t('add.more')}
          </Button>
        </Group>
        <Collapse expanded={isMoreOpen}>
          <Stack gap="sm">
            <TagsInput label={t('dialog.tags')} data={tags.map(({ name }) => name)} value={chosenTags} onChange={setTags} />
            <Checkbox
              label={t('torrent.sequential')}
              checked={isSequential}
              onChange={({ currentTarget }) => setSequential(currentTarget.checked)}
            />
            <Checkbox label={t('add.atTop')} checked={atTop} onChange={({ currentTarget }) => setAtTop(currentTarget.checked)} />
            <Checkbox
              label={t('add.skipCheck')}
              description={t('add.skipCheckHint')}
              checked={skipCheck}
              onChange={({ currentTarget }) => setSkipCheck(currentTarget.checked)}
            />
          </Stack>
        </Collapse>
        <Group justify="flex-end" gap="xs">
          <Text size="sm" c="dimmed" className="numeric">
            {ready.length > 0 && format.bytes(ready.reduce((sum, item) => sum + wantedBytes(item, skipped.get(item.key) ?? noFiles), 0))}
          </Text>
          <Button variant="default" onClick={addDialog.close}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={isBusy} disabled={ready.length === 0 && text.trim() === ''}>
            {ready.length > 0 && text.trim() === '' ? t('add.addCount', { count: ready.length }) : t('common.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const noFiles: ReadonlySet<number> = new Set();

const idsOf = (items: readonly Item[]): string[] => items.flatMap(({ preview }) => (preview ? [preview.id] : []));

const wantedBytes = ({ preview }: Item, skipped: ReadonlySet<number>): number =>
  skipped.size === 0
    ? (preview?.totalBytes ?? 0)
    : (preview?.files ?? []).reduce((sum, file) => (skipped.has(file.index) ? sum : sum + file.length), 0);

interface PreviewItemProps {
  item: Item;
  skipped: ReadonlySet<number>;
  onSkipped: (files: ReadonlySet<number>) => void;
  onRemove: () => void;
  startsOpen: boolean;
}

function PreviewItem({ item, skipped, onSkipped, onRemove, startsOpen }: PreviewItemProps) {
  const { t, format } = useI18n();
  const [isOpen, setOpen] = useState<boolean | null>(null);
  const { preview, problem } = item;
  const files = preview?.files ?? noEntries;
  const opened = (isOpen ?? startsOpen) && files.length > 0;
  const facts = useMemo(() => {
    if (preview?.state !== 'ready') return null;
    return [
      t('add.filesOf', { count: preview.files?.length ?? 0 }),
      format.bytes(preview.totalBytes ?? 0),
      preview.isPrivate ? t('overview.private') : null,
    ]
      .filter((fact) => fact !== null)
      .join(' · ');
  }, [preview, t, format]);
  return (
    <li className={classes.item}>
      <div className={classes.itemHead}>
        <button
          type="button"
          className={classes.itemName}
          aria-expanded={opened}
          disabled={files.length === 0}
          onClick={() => setOpen(!opened)}
        >
          {preview?.state === 'ready' ? (
            <Icon name={opened ? 'chevronDown' : 'chevronRight'} size={15} />
          ) : problem ? (
            <Icon name="alert" size={15} className={classes.bad} />
          ) : (
            <Loader size={14} />
          )}
          <span className={classes.itemText}>
            <bdi className={classes.itemTitle}>{preview?.name || item.label}</bdi>
            <span className={problem ? classes.bad : classes.dim}>
              {problem ?? (preview?.duplicate ? t('add.duplicate') : (facts ?? preview?.searching ?? t('add.searching')))}
            </span>
          </span>
        </button>
        <ActionIcon aria-label={t('add.forget', { name: preview?.name || item.label })} onClick={onRemove}>
          <Icon name="close" size={15} />
        </ActionIcon>
      </div>
      {opened && <FileChoice files={files} skipped={skipped} onSkipped={onSkipped} />}
    </li>
  );
}

const noEntries: never[] = [];
