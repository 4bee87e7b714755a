import { Button, Checkbox, Group, NumberInput, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ShareAction } from '@/api';
import { Dialog } from '@/components/ui/Dialog';
import { FolderField } from '@/components/ui/FolderField';
import { RateChangeField, RateField } from '@/components/ui/RateField';
import { useTorrentDetails } from '@/features/details/hooks/useTorrentDetails';
import { CategoryField } from '@/features/settings/components/CategoryField';
import { useTags } from '@/features/settings/hooks/useLabels';
import { useI18n } from '@/lib/i18n/I18n';
import type { TorrentActions } from '../hooks/useTorrentActions';
import type { Chosen } from './TorrentsPage';

export type DialogKind = 'remove' | 'move' | 'rename' | 'labels' | 'limits';
export interface OpenDialog {
  kind: DialogKind;
  chosen: Chosen;
}

interface TorrentDialogsProps {
  open: OpenDialog | null;
  actions: TorrentActions;
  onClose: () => void;
  onRemoved: () => void;
}

/** The questions that an action asks before it is done. */
export function TorrentDialogs({ open, actions, onClose, onRemoved }: TorrentDialogsProps) {
  const { t } = useI18n();
  const titles = {
    remove: t('dialog.remove'),
    move: t('dialog.move'),
    rename: t('dialog.rename'),
    labels: t('dialog.labels'),
    limits: t('dialog.limits'),
  };
  return (
    <Dialog opened={open !== null} onClose={onClose} title={open ? titles[open.kind] : ''}>
      {open?.kind === 'remove' && <Remove chosen={open.chosen} actions={actions} onClose={onClose} onRemoved={onRemoved} />}
      {open?.kind === 'move' && <Move chosen={open.chosen} actions={actions} onClose={onClose} />}
      {open?.kind === 'rename' && <Rename chosen={open.chosen} actions={actions} onClose={onClose} />}
      {open?.kind === 'labels' && <Labels chosen={open.chosen} actions={actions} onClose={onClose} />}
      {open?.kind === 'limits' && <Limits chosen={open.chosen} actions={actions} onClose={onClose} />}
    </Dialog>
  );
}

interface DialogProps {
  chosen: Chosen;
  actions: TorrentActions;
  onClose: () => void;
}

/** A form whose button does the action; it closes when that went well. */
function ActionForm({
  run,
  onClose,
  submit,
  color,
  children,
}: {
  run: () => Promise<boolean>;
  onClose: () => void;
  submit: string;
  color?: string;
  children: ReactNode;
}) {
  const { t } = useI18n();
  const [isBusy, setBusy] = useState(false);
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setBusy(true);
    const ok = await run();
    setBusy(false);
    if (ok) onClose();
  };
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="md">
        {children}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" color={color} loading={isBusy} data-autofocus={color === undefined ? undefined : true}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function nameOf(chosen: Chosen, all: (count: number) => string): string {
  return chosen.row?.name ?? all(chosen.count);
}

function Remove({ chosen, actions, onClose, onRemoved }: DialogProps & { onRemoved: () => void }) {
  const { t } = useI18n();
  const [deleteData, setDeleteData] = useState(false);
  const name = nameOf(chosen, (count) => t('torrents.chosen', { count }));
  const run = async () => {
    const ok = await actions.remove(chosen.target, deleteData, name);
    if (ok) onRemoved();
    return ok;
  };
  return (
    <ActionForm run={run} onClose={onClose} submit={deleteData ? t('dialog.removeWithData') : t('torrent.remove')} color="red">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {chosen.row ? t('dialog.removeOne', { name }) : t('dialog.removeMany', { count: chosen.count })}
      </Text>
      <Checkbox
        label={t('dialog.deleteData')}
        description={deleteData ? t('dialog.deleteDataHint') : t('dialog.keepDataHint')}
        checked={deleteData}
        onChange={({ currentTarget }) => setDeleteData(currentTarget.checked)}
      />
    </ActionForm>
  );
}

function Move({ chosen, actions, onClose }: DialogProps) {
  const { t } = useI18n();
  const [path, setPath] = useState(chosen.row?.savePath ?? '');
  return (
    <ActionForm run={() => actions.move(chosen.target, path)} onClose={onClose} submit={t('dialog.moveDo')}>
      <FolderField label={t('dialog.moveTo')} value={path} onChange={setPath} required />
    </ActionForm>
  );
}

function Rename({ chosen, actions, onClose }: DialogProps) {
  const { t } = useI18n();
  const [name, setName] = useState(chosen.row?.name ?? '');
  return (
    <ActionForm run={() => actions.change(chosen.target, { name })} onClose={onClose} submit={t('common.save')}>
      <TextInput
        label={t('dialog.renameTo')}
        description={t('dialog.renameHint')}
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        data-autofocus
        maxLength={1000}
      />
    </ActionForm>
  );
}

function Labels({ chosen, actions, onClose }: DialogProps) {
  const { t } = useI18n();
  const tags = useTags();
  const [category, setCategory] = useState<string | null>(chosen.row ? (chosen.row.category ?? '') : null);
  const [chosenTags, setTags] = useState<string[]>([...(chosen.row?.tags ?? [])]);
  const run = () =>
    actions.change(chosen.target, {
      ...(category !== null && { category: category.trim() }),
      ...(chosen.row ? { tags: chosenTags } : chosenTags.length > 0 && { addTags: chosenTags }),
    });
  return (
    <ActionForm run={run} onClose={onClose} submit={t('common.save')}>
      <CategoryField
        value={category ?? ''}
        onChange={setCategory}
        description={t('dialog.categoryHint')}
        placeholder={category === null ? t('dialog.unchanged') : undefined}
        autoFocus
      />
      <TagsInput
        label={chosen.row ? t('dialog.tags') : t('dialog.addTags')}
        data={tags.map(({ name }) => name)}
        value={chosenTags}
        onChange={setTags}
        clearable
        clearButtonProps={{ 'aria-label': t('common.clear') }}
      />
    </ActionForm>
  );
}

function Limits({ chosen, actions, onClose }: DialogProps) {
  const { t } = useI18n();
  const details = useTorrentDetails(chosen.row?.id ?? null);
  // Of many, what nobody touches stays as it is for each.
  const [download, setDownload] = useState<number | null>(null);
  const [upload, setUpload] = useState<number | null>(null);
  const [isShareChanged, setShareChanged] = useState(false);
  const [ratio, setRatio] = useState<number | ''>('');
  const [minutes, setMinutes] = useState<number | ''>('');
  const [action, setAction] = useState<ShareAction | ''>('');
  const [isRead, setRead] = useState(false);
  if (details && !isRead) {
    // As they are now: the row may not have heard of the last change yet.
    setRead(true);
    setDownload(details.row.downloadLimit ?? 0);
    setUpload(details.row.uploadLimit ?? 0);
    setShareChanged(true);
    setRatio(details.shareLimits.ratio ?? '');
    setMinutes(details.shareLimits.seedingMinutes ?? '');
    setAction(details.shareLimits.action ?? '');
  }
  const run = () =>
    actions.change(chosen.target, {
      ...(download !== null && { downloadLimit: download }),
      ...(upload !== null && { uploadLimit: upload }),
      ...(isShareChanged && {
        shareLimits: {
          ...(ratio !== '' && { ratio }),
          ...(minutes !== '' && { seedingMinutes: minutes }),
          ...(action !== '' && { action }),
        },
      }),
    });
  const unset = isShareChanged ? t('dialog.asSettings') : t('dialog.unchanged');
  const changed = <T,>(set: (value: T) => void, value: T) => {
    set(value);
    setShareChanged(true);
  };
  return (
    <ActionForm run={run} onClose={onClose} submit={t('common.save')}>
      <Group grow>
        {chosen.row ? (
          <>
            <RateField label={t('settings.downloadLimit')} value={download ?? 0} onChange={setDownload} disabled={!isRead} />
            <RateField label={t('settings.uploadLimit')} value={upload ?? 0} onChange={setUpload} disabled={!isRead} />
          </>
        ) : (
          <>
            <RateChangeField label={t('settings.downloadLimit')} value={download} onChange={setDownload} />
            <RateChangeField label={t('settings.uploadLimit')} value={upload} onChange={setUpload} />
          </>
        )}
      </Group>
      <Group grow align="end">
        <NumberInput
          label={t('settings.ratio')}
          description={t('dialog.minusOne')}
          placeholder={unset}
          min={-1}
          step={0.1}
          decimalScale={2}
          value={ratio}
          onChange={(value) => changed(setRatio, value === '' ? '' : Number(value))}
        />
        <NumberInput
          label={t('settings.seedingMinutes')}
          description={t('dialog.minusOne')}
          placeholder={unset}
          min={-1}
          allowDecimal={false}
          value={minutes}
          onChange={(value) => changed(setMinutes, value === '' ? '' : Number(value))}
        />
      </Group>
      <Select
        label={t('settings.shareAction')}
        data={[
          { value: '', label: unset },
          { value: 'pause', label: t('share.pause') },
          { value: 'remove', label: t('share.remove') },
          { value: 'removeWithData', label: t('share.removeWithData') },
        ]}
        value={action}
        onChange={(value) => changed(setAction, (value ?? '') as ShareAction | '')}
      />
    </ActionForm>
  );
}
