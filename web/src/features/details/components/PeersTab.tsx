import { ActionIcon, Button, Popover, TextInput } from '@mantine/core';
import { type FormEvent, useMemo, useState } from 'react';
import type { PeerRow, TorrentDetails } from '@/api';
import { Empty } from '@/components/ui/Empty';
import { DataGrid, type GridColumn } from '@/components/ui/grid/DataGrid';
import { storedLayout } from '@/components/ui/grid/layout';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { ProgressBar } from '@/components/ui/ProgressBar';
import { useI18n } from '@/lib/i18n/I18n';
import type { Translate } from '@/lib/i18n/translate';
import { explain } from '@/lib/problem';
import { emptySelection } from '@/lib/selection';
import { useStored } from '@/lib/stored';
import { addPeers } from '../api/details';
import classes from './Tab.module.css';

const peerLayout = storedLayout('peers', ['roundTrip'], { id: 'downloadRate', desc: true });

const sortValues: Record<string, (peer: PeerRow) => string | number> = {
  address: (peer) => peer.address,
  client: (peer) => peer.client,
  flags: (peer) => peer.flags,
  progress: (peer) => peer.progress ?? 0,
  downloadRate: (peer) => peer.downloadRate ?? 0,
  uploadRate: (peer) => peer.uploadRate ?? 0,
  downloaded: (peer) => peer.downloaded ?? 0,
  uploaded: (peer) => peer.uploaded ?? 0,
  requests: (peer) => peer.requests ?? 0,
  roundTrip: (peer) => peer.roundTripMs ?? 0,
};

/** The connected peers. */
export function PeersTab({ id, peers, details }: { id: string; peers: ReadonlyMap<string, PeerRow> | null; details: TorrentDetails }) {
  const { t, format, collator } = useI18n();
  const [layout, setLayout] = useStored(peerLayout);
  const [selection, setSelection] = useState(emptySelection);
  const columns = useMemo((): GridColumn<PeerRow>[] => {
    const number = { align: 'end', sortable: true, largestFirst: true } as const;
    return [
      { id: 'address', label: t('peer.address'), width: 190, sortable: true, render: (peer) => peer.address },
      { id: 'client', label: t('peer.client'), width: 180, sortable: true, render: (peer) => <bdi>{peer.client}</bdi> },
      {
        id: 'flags',
        label: t('peer.flags'),
        width: 80,
        sortable: true,
        render: (peer) => (
          <abbr className={classes.flags} title={explainFlags(peer.flags, t)}>
            {peer.flags}
          </abbr>
        ),
      },
      {
        id: 'progress',
        label: t('column.progress'),
        width: 130,
        sortable: true,
        largestFirst: true,
        render: (peer) => (
          <ProgressBar part={peer.progress ?? 0} text={format.percent(peer.progress ?? 0)} tone={peer.progress === 1 ? 'good' : 'accent'} />
        ),
      },
      {
        id: 'downloadRate',
        label: t('column.downloadRate'),
        width: 106,
        ...number,
        render: (peer) => (peer.downloadRate ? format.rate(peer.downloadRate) : '–'),
      },
      {
        id: 'uploadRate',
        label: t('column.uploadRate'),
        width: 106,
        ...number,
        render: (peer) => (peer.uploadRate ? format.rate(peer.uploadRate) : '–'),
      },
      { id: 'downloaded', label: t('column.downloaded'), width: 112, ...number, render: (peer) => format.bytes(peer.downloaded ?? 0) },
      { id: 'uploaded', label: t('column.uploaded'), width: 100, ...number, render: (peer) => format.bytes(peer.uploaded ?? 0) },
      { id: 'requests', label: t('peer.requests'), width: 90, ...number, render: (peer) => format.number(peer.requests ?? 0) },
      {
        id: 'roundTrip',
        label: t('peer.roundTrip'),
        width: 90,
        ...number,
        render: (peer) => (peer.roundTripMs ? `${format.number(peer.roundTripMs)} ms` : '–'),
      },
    ];
  }, [t, format]);
  const order = useMemo(() => {
    const value = sortValues[layout.sort?.id ?? 'downloadRate'] ?? ((peer: PeerRow) => peer.address);
    const direction = layout.sort?.desc ? -1 : 1;
    const compare = (a: PeerRow, b: PeerRow) => {
      const [one, other] = [value(a), value(b)];
      return (
        (typeof one === 'string' ? collator.compare(one, String(other)) : one - Number(other)) * direction ||
        (a.address < b.address ? -1 : 1)
      );
    };
    return [...(peers?.values() ?? [])].sort(compare).map(({ address }) => address);
  }, [peers, layout.sort, collator]);
  return (
    <>
      <div className={classes.bar}>
        <span>
          {t('overview.peersOf', { peers: details.row.peers ?? 0, seeds: details.row.seeds ?? 0, known: details.knownPeers ?? 0 })}
        </span>
        <AddPeers id={id} />
      </div>
      <DataGrid
        label={t('details.peers')}
        columns={columns}
        order={order}
        rowOf={(address) => peers?.get(address)}
        layout={layout}
        onLayout={setLayout}
        selection={selection}
        onSelection={setSelection}
        rowHeight={30}
        empty={
          <Empty compact icon="peers" title={t('peer.none')}>
            {details.row.state === 'paused' ? t('peer.nonePaused') : t('peer.noneYet')}
          </Empty>
        }
      />
    </>
  );
}

function explainFlags(flags: string, t: Translate): string {
  const names = {
    D: 'flag.D',
    d: 'flag.d',
    U: 'flag.U',
    u: 'flag.u',
    K: 'flag.K',
    '?': 'flag.question',
    S: 'flag.S',
    I: 'flag.I',
    E: 'flag.E',
    P: 'flag.P',
  } as const;
  return [...flags]
    .filter((flag): flag is keyof typeof names => Object.hasOwn(names, flag))
    .map((flag) => `${flag}: ${t(names[flag])}`)
    .join('\n');
}

function AddPeers({ id }: { id: string }) {
  const { t } = useI18n();
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await addPeers(id, text.split(/[\s,]+/).filter(Boolean));
      setText('');
      setOpened(false);
    } catch (error) {
      notify({ kind: 'problem', title: t('peer.notAdded'), detail: explain(error, t) });
    }
  };
  return (
    <Popover opened={opened} onChange={setOpened} trapFocus withinPortal position="bottom-end" shadow="md">
      <Popover.Target>
        <ActionIcon size="md" aria-label={t('peer.add')} title={t('peer.add')} onClick={() => setOpened(!opened)}>
          <Icon name="add" size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('peer.add')}>
        <form onSubmit={submit} className={classes.form}>
          <TextInput
            label={t('peer.addLabel')}
            placeholder="192.0.2.7:6881"
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            required
          />
          <Button type="submit">{t('common.add')}</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
