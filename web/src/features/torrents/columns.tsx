import { useMemo } from 'react';
import type { TorrentRow, TorrentSort } from '@/api';
import type { GridColumn } from '@/components/ui/grid/DataGrid';
import { storedLayout } from '@/components/ui/grid/layout';
import { ProgressBar } from '@/components/ui/ProgressBar';
import { useI18n } from '@/lib/i18n/I18n';
import classes from './columns.module.css';
import { StateMark, stateTone } from './components/StateMark';

export const initialLayout = {
  order: [],
  visibility: Object.fromEntries(
    [
      'queue',
      'seeds',
      'availability',
      'downloaded',
      'uploaded',
      'tracker',
      'finished',
      'lastActivity',
      'seedingTime',
      'savePath',
      'tags',
    ].map((id) => [id, false]),
  ),
  sizing: {},
  sort: { id: 'added', desc: true },
};
export const torrentLayout = storedLayout('torrents', Object.keys(initialLayout.visibility), initialLayout.sort);

type Column = GridColumn<TorrentRow> & { id: TorrentSort | 'tags' };

export function useTorrentColumns(): GridColumn<TorrentRow>[] {
  const { t, format } = useI18n();
  return useMemo((): Column[] => {
    const bytes = (value: number | undefined) => (value ? format.bytes(value) : <Nothing />);
    const rate = (value: number | undefined) => (value ? format.rate(value) : <Nothing />);
    const date = (value: string | null | undefined) => (value ? format.date(new Date(value)) : <Nothing />);
    const number = { align: 'end', sortable: true, largestFirst: true } as const;
    const text = { sortable: true } as const;
    return [
      { id: 'queue', label: t('column.queue'), width: 64, align: 'end', sortable: true, render: (row) => row.queuePosition || <Nothing /> },
      {
        id: 'name',
        label: t('column.name'),
        width: 300,
        frozen: true,
        ...text,
        render: (row) => (
          <span className={classes.name} title={row.error ? `${row.name}\n${row.error}` : row.name}>
            <StateMark state={row.state} isFinished={row.isFinished === true} isMoving={!!row.downloadRate || !!row.uploadRate} />
            <bdi className={classes.text}>{row.name}</bdi>
          </span>
        ),
      },
      { id: 'size', label: t('column.size'), width: 84, ...number, render: (row) => bytes(row.totalBytes) },
      {
        id: 'progress',
        label: t('column.progress'),
        width: 124,
        sortable: true,
        largestFirst: true,
        render: (row) => <ProgressBar part={row.progress ?? 0} text={format.percent(row.progress ?? 0)} tone={stateTone(row)} />,
      },
      { id: 'state', label: t('column.state'), width: 120, ...text, render: (row) => <StateText row={row} /> },
      { id: 'downloadRate', label: t('column.downloadRate'), width: 94, ...number, render: (row) => rate(row.downloadRate) },
      { id: 'uploadRate', label: t('column.uploadRate'), width: 94, ...number, render: (row) => rate(row.uploadRate) },
      {
        id: 'eta',
        label: t('column.eta'),
        width: 84,
        align: 'end',
        sortable: true,
        render: (row) => (row.etaSeconds === undefined || row.etaSeconds === null ? <Nothing /> : format.duration(row.etaSeconds)),
      },
      { id: 'ratio', label: t('column.ratio'), width: 64, ...number, render: (row) => format.number(row.ratio ?? 0, 2) },
      { id: 'peers', label: t('column.peers'), width: 84, ...number, render: (row) => <Swarm here={row.peers} all={row.swarmLeechers} /> },
      { id: 'seeds', label: t('column.seeds'), width: 90, ...number, render: (row) => <Swarm here={row.seeds} all={row.swarmSeeds} /> },
      { id: 'availability', label: t('column.availability'), width: 90, ...number, render: (row) => row.availability || <Nothing /> },
      { id: 'downloaded', label: t('column.downloaded'), width: 100, ...number, render: (row) => bytes(row.downloaded) },
      { id: 'uploaded', label: t('column.uploaded'), width: 100, ...number, render: (row) => bytes(row.uploaded) },
      { id: 'category', label: t('column.category'), width: 120, ...text, render: (row) => row.category || <Nothing /> },
      { id: 'tags', label: t('column.tags'), width: 140, render: (row) => (row.tags?.length ? row.tags.join(', ') : <Nothing />) },
      { id: 'tracker', label: t('column.tracker'), width: 150, ...text, render: (row) => row.tracker || <Nothing /> },
      { id: 'added', label: t('column.added'), width: 166, ...number, align: undefined, render: (row) => date(row.addedAt) },
      { id: 'finished', label: t('column.finished'), width: 166, ...number, align: undefined, render: (row) => date(row.finishedAt) },
      {
        id: 'lastActivity',
        label: t('column.lastActivity'),
        width: 166,
        ...number,
        align: undefined,
        render: (row) => date(row.lastActivityAt),
      },
      {
        id: 'seedingTime',
        label: t('column.seedingTime'),
        width: 100,
        ...number,
        render: (row) => (row.seedingSeconds ? format.duration(row.seedingSeconds) : <Nothing />),
      },
      { id: 'savePath', label: t('column.savePath'), width: 220, ...text, render: (row) => row.savePath || <Nothing /> },
    ];
  }, [t, format]);
}

const Nothing = () => <span className={classes.nothing}>–</span>;

/** Connected of all that the tracker knows. */
function Swarm({ here, all }: { here?: number; all?: number | null }) {
  const { format } = useI18n();
  return (
    <>
      {format.number(here ?? 0)}
      {all !== undefined && all !== null && <span className={classes.of}> / {format.number(all)}</span>}
    </>
  );
}

function StateText({ row }: { row: TorrentRow }) {
  const { t } = useI18n();
  const isStalled = row.state === 'downloading' && !row.downloadRate;
  return (
    <span className={row.state === 'error' ? classes.bad : undefined} title={row.error ?? undefined}>
      {isStalled ? t('state.stalled') : row.state === 'paused' && row.isFinished ? t('state.done') : t(`state.${row.state}`)}
    </span>
  );
}
