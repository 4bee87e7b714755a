import { ActionIcon, Menu, Tabs } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, useEffect, useSyncExternalStore } from 'react';
import type { TorrentRow } from '@/api';
import { type DetailTab, detailTabs, go } from '@/app/route';
import { useIsPhone } from '@/app/useIsPhone';
import { Empty } from '@/components/ui/Empty';
import { Icon } from '@/components/ui/Icon';
import type { DialogKind } from '@/features/torrents/components/TorrentDialogs';
import { TorrentMenuItems } from '@/features/torrents/components/TorrentMenu';
import { chosenOne } from '@/features/torrents/components/TorrentsPage';
import { useTorrentActions } from '@/features/torrents/hooks/useTorrentActions';
import { useI18n } from '@/lib/i18n/I18n';
import { StoredValue, useStored } from '@/lib/stored';
import { emptyDetail } from '../api/detailState';
import { detailEventsUrl } from '../api/details';
import { torrentDetail } from '../api/live';
import classes from './DetailPanel.module.css';
import { FilesTab } from './FilesTab';
import { LogTab } from './LogTab';
import { OverviewTab } from './OverviewTab';
import { PeersTab } from './PeersTab';
import { SpeedTab } from './SpeedTab';
import { TrackersTab } from './TrackersTab';

interface DetailPanelProps {
  id: string;
  tab: DetailTab;
  onClose: () => void;
  onDialog: (kind: DialogKind, row: TorrentRow) => void;
}

const storedHeight = new StoredValue<number>('details.height', 320, (value): value is number => typeof value === 'number' && value > 100);

/** Everything about one torrent, below the table; on a phone a screen of its own. */
export function DetailPanel({ id, tab, onClose, onDialog }: DetailPanelProps) {
  const { t } = useI18n();
  const isPhone = useIsPhone();
  const actions = useTorrentActions();
  const [height, setHeight] = useStored(storedHeight);
  const state = useSyncExternalStore(torrentDetail.subscribe, torrentDetail.get);
  const isReady = state.id === id;
  const row = isReady ? state.details?.row : undefined;

  useEffect(() => {
    torrentDetail.open(detailEventsUrl(id, tab));
  }, [id, tab]);
  useEffect(
    () => () => {
      torrentDetail.open(null);
      torrentDetail.set(emptyDetail);
    },
    [],
  );
  const isGone = state.isGone;
  useEffect(() => {
    if (isGone) onClose();
  }, [isGone, onClose]);

  const resizeBy = (by: number) => setHeight((previous) => Math.round(Math.min(window.innerHeight - 240, Math.max(160, previous + by))));
  const startResize = (event: PointerEvent<HTMLElement>) => {
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    const onMove = (moved: globalThis.PointerEvent) => resizeBy(-moved.movementY);
    const onEnd = () => {
      handle.removeEventListener('pointermove', onMove);
      handle.removeEventListener('lostpointercapture', onEnd);
    };
    handle.addEventListener('pointermove', onMove);
    handle.addEventListener('lostpointercapture', onEnd);
  };
  const onResizeKey = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowUp' ? 24 : event.key === 'ArrowDown' ? -24 : 0;
    if (by === 0) return;
    event.preventDefault();
    resizeBy(by);
  };

  const isRunning = row !== undefined && row.state !== 'paused';
  return (
    <section className={classes.panel} aria-label={t('details.label')} style={isPhone ? undefined : { height }}>
      {!isPhone && (
        // biome-ignore lint/a11y/useSemanticElements: a line that is moved, not a rule in a text.
        <div
          className={classes.handle}
          role="separator"
          aria-orientation="horizontal"
          aria-label={t('details.resize')}
          aria-valuenow={height}
          aria-valuemin={160}
          aria-valuemax={2000}
          tabIndex={0}
          onPointerDown={startResize}
          onKeyDown={onResizeKey}
        />
      )}
      <Tabs
        className={classes.tabs}
        value={tab}
        onChange={(value) => go({ page: 'torrents', torrent: id, tab: value as DetailTab }, true)}
        keepMounted={false}
      >
        <div className={classes.head}>
          {isPhone && (
            <div className={classes.phoneTitle}>
              <ActionIcon aria-label={t('common.back')} onClick={onClose}>
                <Icon name="back" />
              </ActionIcon>
              <bdi className={classes.name}>{row?.name ?? ''}</bdi>
              {row && (
                <>
                  <ActionIcon
                    aria-label={isRunning ? t('torrent.pause') : t('torrent.resume')}
                    onClick={() => (isRunning ? actions.pause({ ids: [id] }) : actions.resume({ ids: [id] }))}
                  >
                    <Icon name={isRunning ? 'pause' : 'play'} />
                  </ActionIcon>
                  <ActionIcon aria-label={t('torrent.remove')} onClick={() => onDialog('remove', row)}>
                    <Icon name="trash" />
                  </ActionIcon>
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <ActionIcon aria-label={t('torrents.more')}>
                        <Icon name="more" />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <TorrentMenuItems chosen={chosenOne(row)} actions={actions} onDialog={(kind) => onDialog(kind, row)} />
                    </Menu.Dropdown>
                  </Menu>
                </>
              )}
            </div>
          )}
          <Tabs.List className={classes.list}>
            {detailTabs.map((name) => (
              <Tabs.Tab key={name} value={name}>
                {t(`details.${name}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {!isPhone && (
            <>
              <bdi className={classes.title} title={row?.name}>
                {row?.name ?? ''}
              </bdi>
              <ActionIcon className={classes.close} aria-label={t('details.close')} onClick={onClose}>
                <Icon name="close" size={16} />
              </ActionIcon>
            </>
          )}
        </div>
        {detailTabs.map((name) => (
          <Tabs.Panel key={name} value={name} className={classes.content} tabIndex={0}>
            {!isReady || !state.details ? (
              <Empty compact icon="clock" title={t('torrents.loading')} />
            ) : name === 'overview' ? (
              <OverviewTab details={state.details} pieces={state.pieces} />
            ) : name === 'files' ? (
              <FilesTab id={id} details={state.details} />
            ) : name === 'peers' ? (
              <PeersTab id={id} peers={state.peers} details={state.details} />
            ) : name === 'trackers' ? (
              <TrackersTab id={id} trackers={state.trackers} />
            ) : name === 'speed' ? (
              <SpeedTab rates={state.rates} />
            ) : (
              <LogTab details={state.details} log={state.log} />
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  );
}
