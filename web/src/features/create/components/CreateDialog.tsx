import { Alert, Anchor, Button, Checkbox, Group, Select, Stack, Tabs, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import type { Creation, CreationFormat } from '@/api';
import { Dialog } from '@/components/ui/Dialog';
import { Empty } from '@/components/ui/Empty';
import { FolderField } from '@/components/ui/FolderField';
import { notify } from '@/components/ui/notices';
import { ProgressBar } from '@/components/ui/ProgressBar';
import { createDialog } from '@/features/add/dialogs';
import { useListState } from '@/features/torrents/hooks/useTorrentList';
import { useI18n } from '@/lib/i18n/I18n';
import { ApiProblem, explain } from '@/lib/problem';
import { createdTorrentUrl, endCreation, getCreations, startCreation } from '../api/create';
import classes from './CreateDialog.module.css';

/** Makes torrents of files that the daemon can read. */
export function CreateDialog({ opened }: { opened: boolean }) {
  const { t } = useI18n();
  const [tab, setTab] = useState<string | null>('new');
  return (
    <Dialog opened={opened} onClose={createDialog.close} title={t('create.title')} size="lg">
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="new">{t('create.new')}</Tabs.Tab>
          <Tabs.Tab value="made">{t('create.made')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="new">
          <CreateForm onStarted={() => setTab('made')} />
        </Tabs.Panel>
        <Tabs.Panel value="made">
          <Creations />
        </Tabs.Panel>
      </Tabs>
    </Dialog>
  );
}

const pieceSizes = [0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

function CreateForm({ onStarted }: { onStarted: () => void }) {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const [path, setPath] = useState('');
  const [trackers, setTrackers] = useState('');
  const [webSeeds, setWebSeeds] = useState('');
  const [comment, setComment] = useState('');
  const [source, setSource] = useState('');
  const [kind, setKind] = useState<CreationFormat>('v1');
  const [pieceSize, setPieceSize] = useState('0');
  const [isPrivate, setPrivate] = useState(false);
  const [seed, setSeed] = useState(true);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await startCreation({
        path,
        trackers: linesOf(trackers, /\n\s*\n/).map((tier) => linesOf(tier, /\n/)),
        webSeeds: linesOf(webSeeds, /\n/),
        comment,
        source,
        private: isPrivate,
        format: kind,
        pieceSize: Number(pieceSize) * 1024,
        seed,
      });
      await client.invalidateQueries({ queryKey: ['creations'] });
      onStarted();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const fieldError = (name: string) => (problem instanceof ApiProblem ? problem.fields[name]?.join(' ') : undefined);
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <FolderField
          label={t('create.path')}
          description={t('create.pathHint')}
          value={path}
          onChange={setPath}
          error={fieldError('path')}
          required
          files
        />
        <Textarea
          label={t('create.trackers')}
          description={t('tracker.editHint')}
          rows={3}
          value={trackers}
          onChange={({ currentTarget }) => setTrackers(currentTarget.value)}
          error={fieldError('trackers')}
        />
        <Textarea
          label={t('create.webSeeds')}
          rows={2}
          value={webSeeds}
          onChange={({ currentTarget }) => setWebSeeds(currentTarget.value)}
          error={fieldError('webSeeds')}
        />
        <Group grow align="start">
          <TextInput label={t('overview.comment')} value={comment} onChange={({ currentTarget }) => setComment(currentTarget.value)} />
          <TextInput label={t('create.source')} value={source} onChange={({ currentTarget }) => setSource(currentTarget.value)} />
        </Group>
        <Group grow align="start">
          <Select
            label={t('create.format')}
            data={[
              { value: 'v1', label: t('create.v1') },
              { value: 'v2', label: t('create.v2') },
              { value: 'hybrid', label: t('create.hybrid') },
            ]}
            value={kind}
            onChange={(value) => setKind((value ?? 'v1') as CreationFormat)}
          />
          <Select
            label={t('create.pieceSize')}
            data={pieceSizes.map((kib) => ({ value: String(kib), label: kib === 0 ? t('create.automatic') : format.bytes(kib * 1024) }))}
            value={pieceSize}
            onChange={(value) => setPieceSize(value ?? '0')}
          />
        </Group>
        <Group gap="xl">
          <Checkbox label={t('create.seed')} checked={seed} onChange={({ currentTarget }) => setSeed(currentTarget.checked)} />
          <Checkbox
            label={t('overview.private')}
            description={t('overview.isPrivate')}
            checked={isPrivate}
            onChange={({ currentTarget }) => setPrivate(currentTarget.checked)}
          />
        </Group>
        {problem !== null && (
          <Alert color="red" role="alert">
            {explain(problem, t)}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={createDialog.close}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={isBusy} disabled={path === ''}>
            {t('create.do')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const linesOf = (text: string, separator: RegExp): string[] =>
  text
    .split(separator)
    .map((line) => line.trim())
    .filter(Boolean);

function Creations() {
  const { t } = useI18n();
  const client = useQueryClient();
  const { changed } = useListState();
  const { data } = useQuery({
    queryKey: ['creations'],
    queryFn: getCreations,
    refetchInterval: ({ state }) => (state.data?.some(isRunning) ? 1000 : false),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of this count is what it waits for.
  useEffect(() => void client.invalidateQueries({ queryKey: ['creations'] }), [changed.creations, client]);
  if (!data?.length) return <Empty compact icon="create" title={t('create.noneMade')} />;
  const end = async (creation: Creation) => {
    try {
      await endCreation(creation.id);
      await client.invalidateQueries({ queryKey: ['creations'] });
    } catch (error) {
      notify({ kind: 'problem', title: t('action.notDone'), detail: explain(error, t) });
    }
  };
  return (
    <ul className={classes.list}>
      {data.map((creation) => (
        <CreationItem key={creation.id} creation={creation} onEnd={() => end(creation)} />
      ))}
    </ul>
  );
}

const isRunning = ({ state }: Creation): boolean => state === 'running' || state === 'queued';

function CreationItem({ creation, onEnd }: { creation: Creation; onEnd: () => void }) {
  const { t, format } = useI18n();
  return (
    <li className={classes.item}>
      <bdi className={classes.path}>{creation.path}</bdi>
      <ProgressBar
        part={creation.progress ?? 0}
        text={format.percent(creation.progress ?? 0)}
        tone={creation.state === 'done' ? 'good' : creation.state === 'failed' ? 'bad' : 'accent'}
        label={creation.path}
      />
      <Group justify="space-between">
        <span className={creation.state === 'failed' ? classes.bad : classes.dim}>
          {creation.error ?? t(`create.${creation.state}`)}
          {creation.state === 'running' && creation.rate ? ` · ${format.rate(creation.rate)}` : ''}
        </span>
        <Group gap="xs">
          {creation.state === 'done' && (
            <>
              <Anchor size="sm" href={createdTorrentUrl(creation.id)} download>
                {t('create.download')}
              </Anchor>
              {creation.magnet && (
                <Button size="compact-sm" variant="subtle" onClick={() => copy(creation.magnet ?? '', t('common.copied'))}>
                  {t('torrent.copyMagnet')}
                </Button>
              )}
            </>
          )}
          <Button size="compact-sm" variant="subtle" color="gray" onClick={onEnd}>
            {isRunning(creation) ? t('common.cancel') : t('create.forget')}
          </Button>
        </Group>
      </Group>
    </li>
  );
}

async function copy(text: string, done: string) {
  await navigator.clipboard.writeText(text);
  notify({ kind: 'done', title: done });
}
