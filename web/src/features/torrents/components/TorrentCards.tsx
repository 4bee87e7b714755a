import { ActionIcon, Menu } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useEffect, useRef } from 'react';
import type { TorrentRow } from '@/api';
import { Icon } from '@/components/ui/Icon';
import { ProgressBar } from '@/components/ui/ProgressBar';
import { useI18n } from '@/lib/i18n/I18n';
import type { Order } from '@/lib/selection';
import { type TorrentActions, useTorrentActions } from '../hooks/useTorrentActions';
import { StateMark, stateTone } from './StateMark';
import classes from './TorrentCards.module.css';
import type { DialogKind } from './TorrentDialogs';
import { TorrentMenuItems } from './TorrentMenu';
import { chosenOne } from './TorrentsPage';

interface TorrentCardsProps {
  order: Order;
  rowOf: (id: string) => TorrentRow | undefined;
  onView: (first: number, last: number) => void;
  onOpen: (id: string) => void;
  onDialog: (kind: DialogKind, row: TorrentRow) => void;
  empty: ReactNode;
}

const cardHeight = 92;

/** The torrents on a narrow screen. */
export function TorrentCards({ order, rowOf, onView, onOpen, onDialog, empty }: TorrentCardsProps) {
  const { t } = useI18n();
  const actions = useTorrentActions();
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: order.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => cardHeight,
    overscan: 4,
  });
  const items = virtualizer.getVirtualItems();
  const first = virtualizer.range?.startIndex ?? 0;
  const last = virtualizer.range?.endIndex ?? 0;
  useEffect(() => onView(first, last), [onView, first, last]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be scrolled by keyboard too.
    <section ref={scroller} className={classes.scroller} aria-label={t('torrents.label')} tabIndex={0}>
      {order.length === 0 ? (
        empty
      ) : (
        <ul className={classes.list} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const id = order[item.index];
            const row = id === undefined ? undefined : rowOf(id);
            return (
              <li
                key={id ?? item.index}
                aria-setsize={order.length}
                aria-posinset={item.index + 1}
                className={classes.item}
                style={{ transform: `translateY(${item.start}px)`, height: cardHeight }}
              >
                {row && <Card row={row} actions={actions} onOpen={onOpen} onDialog={onDialog} />}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

interface CardProps {
  row: TorrentRow;
  actions: TorrentActions;
  onOpen: (id: string) => void;
  onDialog: (kind: DialogKind, row: TorrentRow) => void;
}

const Card = memo(function Card({ row, actions, onOpen, onDialog }: CardProps) {
  const { t, format } = useI18n();
  const isRunning = row.state !== 'paused';
  const facts = [
    row.isFinished ? format.bytes(row.totalBytes ?? 0) : `${format.bytes(row.doneBytes ?? 0)} / ${format.bytes(row.wantedBytes ?? 0)}`,
    row.downloadRate ? `↓ ${format.rate(row.downloadRate)}` : null,
    row.uploadRate ? `↑ ${format.rate(row.uploadRate)}` : null,
    row.etaSeconds ? t('torrent.left', { time: format.duration(row.etaSeconds) }) : t(`state.${row.state}`),
  ].filter((fact) => fact !== null);
  return (
    <article className={classes.card}>
      <button type="button" className={classes.open} onClick={() => onOpen(row.id)}>
        <span className={classes.top}>
          <StateMark state={row.state} isFinished={row.isFinished === true} isMoving />
          <bdi className={classes.name}>{row.name}</bdi>
        </span>
        <ProgressBar part={row.progress ?? 0} text={format.percent(row.progress ?? 0)} tone={stateTone(row)} />
        <span className={classes.facts}>{row.error ?? facts.join(' · ')}</span>
      </button>
      <span className={classes.buttons}>
        <ActionIcon
          aria-label={`${isRunning ? t('torrent.pause') : t('torrent.resume')}: ${row.name}`}
          onClick={() => (isRunning ? actions.pause({ ids: [row.id] }) : actions.resume({ ids: [row.id] }))}
        >
          <Icon name={isRunning ? 'pause' : 'play'} />
        </ActionIcon>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label={`${t('torrents.more')}: ${row.name}`}>
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <TorrentMenuItems chosen={chosenOne(row)} actions={actions} onDialog={(kind) => onDialog(kind, row)} onOpen={onOpen} />
          </Menu.Dropdown>
        </Menu>
      </span>
    </article>
  );
});
