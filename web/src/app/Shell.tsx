import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { Empty } from '@/components/ui/Empty';
import { Icon, type IconName } from '@/components/ui/Icon';
import { late, loadAhead } from '@/components/ui/late';
import { announce, notify } from '@/components/ui/notices';
import { useOnceTrue } from '@/components/ui/useOnceTrue';
import { logout } from '@/features/account/api/account';
import { addDialog, createDialog, helpDialog, useOpened } from '@/features/add/dialogs';
import { sourcesIn } from '@/features/add/sources';
import { torrentDetail } from '@/features/details/api/live';
import { useConnection } from '@/features/session/connection';
import { saveSettings } from '@/features/settings/api/settings';
import { eventsUrl } from '@/features/torrents/api/list';
import { torrentList } from '@/features/torrents/api/live';
import { TorrentsPage } from '@/features/torrents/components/TorrentsPage';
import { useListState } from '@/features/torrents/hooks/useTorrentList';
import { useI18n } from '@/lib/i18n/I18n';
import { useShortcuts } from '@/lib/keyboard';
import { explain } from '@/lib/problem';
import { useStored } from '@/lib/stored';
import { colorSchemes, storedScheme } from './colorScheme';
import { go, hashOf, type Route, useRoute } from './route';
import classes from './Shell.module.css';
import { useDrop } from './useDrop';
import { useIsPhone } from './useIsPhone';

const AddDialog = late(async () => (await import('@/features/add/components/AddDialog')).AddDialog);
const StatisticsPage = late(async () => (await import('@/features/statistics/components/StatisticsPage')).StatisticsPage, <Moment />);
const SettingsPage = late(async () => (await import('@/features/settings/components/SettingsPage')).SettingsPage, <Moment />);
const CreateDialog = late(async () => (await import('@/features/create/components/CreateDialog')).CreateDialog);
const KeysDialog = late(async () => (await import('./KeysDialog')).KeysDialog);

const pages: { route: Route & { page: 'torrents' | 'statistics' | 'settings' }; icon: IconName }[] = [
  { route: { page: 'torrents', torrent: null, tab: 'overview' }, icon: 'list' },
  { route: { page: 'statistics' }, icon: 'chart' },
  { route: { page: 'settings', section: 'speed' }, icon: 'settings' },
];

/** What stands around every page: the places to go, the rates, the state of the connection; and what can be done from everywhere. */
export function Shell({ version }: { version: string }) {
  const { t } = useI18n();
  const route = useRoute();
  const isPhone = useIsPhone();
  const toAdd = useOpened(addDialog);
  const isCreating = useOpened(createDialog) !== null;
  const isHelping = useOpened(helpDialog) !== null;
  const wasAdding = useOnceTrue(toAdd !== null);
  const wasCreating = useOnceTrue(isCreating);
  const wasHelping = useOnceTrue(isHelping);
  const page = route.page === 'statistics' || route.page === 'settings' ? route.page : 'torrents';

  useShortcuts({
    help: () => helpDialog.open(),
    add: () => addDialog.open(),
    create: () => createDialog.open(),
    torrents: () => go({ page: 'torrents', torrent: null, tab: 'overview' }),
    statistics: () => go({ page: 'statistics' }),
    settings: () => go({ page: 'settings', section: 'speed' }),
  });
  // A magnet link that the browser hands over, see Appearance.
  const handedOver = route.page === 'add' ? route.source : null;
  useEffect(() => {
    if (handedOver === null) return;
    addDialog.open({ files: [], sources: sourcesIn(handedOver) });
    go({ page: 'torrents', torrent: null, tab: 'overview' }, true);
  }, [handedOver]);
  const { isLoading } = useListState();
  useEffect(() => {
    if (!isLoading) loadAhead();
  }, [isLoading]);
  useHiddenStreams();
  useChangedThings();
  usePastedLinks();
  const isDragging = useDrop(
    (files) => addDialog.open({ files, sources: [] }),
    (text) => addDialog.open({ files: [], sources: sourcesIn(text) }),
  );

  // Pages without a list still show the rates: a view of no rows.
  useEffect(() => {
    if (page !== 'torrents') torrentList.open(eventsUrl({ sort: null, offset: 0, limit: 0 }));
  }, [page]);

  const navigation = (
    <nav className={isPhone ? classes.phoneNav : classes.nav} aria-label={t('shell.navigation')}>
      {pages.map(({ route: to, icon }) => (
        <a key={to.page} href={hashOf(to)} className={classes.link} aria-current={page === to.page ? 'page' : undefined}>
          <Icon name={icon} size={isPhone ? 21 : 16} />
          {t(`shell.${to.page}`)}
        </a>
      ))}
    </nav>
  );
  return (
    <div className={classes.shell}>
      <button type="button" className={classes.skip} onClick={() => document.getElementById('main')?.focus()}>
        {t('shell.skip')}
      </button>
      <header className={classes.header}>
        <span className={classes.brand}>
          <img src="./icon.svg" alt="" width="24" height="24" />
          Spate
        </span>
        {!isPhone && navigation}
        <span className={classes.grow} />
        {isPhone && <Rates />}
        {isPhone && (
          <ActionIcon variant="filled" color="cyan" className={classes.add} aria-label={t('torrents.add')} onClick={() => addDialog.open()}>
            <Icon name="add" />
          </ActionIcon>
        )}
        <AlternativeLimits />
        <MainMenu />
      </header>
      <ConnectionBanner />
      <main id="main" className={classes.main} tabIndex={-1}>
        {page === 'torrents' ? (
          <TorrentsPage route={route.page === 'torrents' ? route : { page: 'torrents', torrent: null, tab: 'overview' }} />
        ) : route.page === 'settings' ? (
          <SettingsPage section={route.section} />
        ) : (
          <StatisticsPage />
        )}
      </main>
      {isPhone ? navigation : <StatusBar version={version} />}
      {wasAdding && <AddDialog toAdd={toAdd} />}
      {wasCreating && <CreateDialog opened={isCreating} />}
      {wasHelping && <KeysDialog opened={isHelping} />}
      {isDragging && (
        <div className={classes.drop} aria-hidden="true">
          <Icon name="upload" size={40} />
          {t('add.drop')}
        </div>
      )}
    </div>
  );
}

function Moment() {
  const { t } = useI18n();
  return <Empty icon="clock" title={t('torrents.loading')} />;
}

function ConnectionBanner() {
  const { t } = useI18n();
  const connection = useConnection();
  const isLost = connection === 'lost';
  useEffect(() => {
    if (isLost) return () => announce(t('connection.back'));
  }, [isLost, t]);
  return (
    <div role="alert" className={isLost ? classes.lost : undefined}>
      {isLost && (
        <>
          <Icon name="alert" size={15} /> {t('connection.lost')} {t('connection.again')}
        </>
      )}
    </div>
  );
}

function AlternativeLimits() {
  const { t } = useI18n();
  const client = useQueryClient();
  const { now } = useListState();
  const isOn = now?.usesAlternative === true;
  const toggle = async () => {
    try {
      await saveSettings({ speed: { useAlternative: !isOn } });
      await client.invalidateQueries({ queryKey: ['settings'] });
      announce(isOn ? t('alternative.off') : t('alternative.on'));
    } catch (error) {
      notify({ kind: 'problem', title: t('action.notDone'), detail: explain(error, t) });
    }
  };
  return (
    <Tooltip label={isOn ? t('alternative.on') : t('alternative.off')}>
      <ActionIcon
        aria-label={t('alternative.label')}
        aria-pressed={isOn}
        variant={isOn ? 'light' : 'subtle'}
        color={isOn ? 'cyan' : 'gray'}
        onClick={toggle}
      >
        <Icon name="gauge" />
      </ActionIcon>
    </Tooltip>
  );
}

function MainMenu() {
  const { t } = useI18n();
  const client = useQueryClient();
  const [scheme, setScheme] = useStored(storedScheme);
  const leave = async () => {
    try {
      await logout();
    } finally {
      await client.resetQueries();
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={t('shell.menu')}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="create" size={15} />} onClick={() => createDialog.open()}>
          {t('torrents.create')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="help" size={15} />} onClick={() => helpDialog.open()}>
          {t('keys.title')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t('settings.scheme')}</Menu.Label>
        {colorSchemes.map((one) => (
          <Menu.Item
            key={one}
            leftSection={<Icon name={one === 'dark' ? 'moon' : one === 'light' ? 'sun' : 'settings'} size={15} />}
            rightSection={scheme === one ? <Icon name="check" size={14} /> : undefined}
            onClick={() => setScheme(one)}
          >
            {t(`scheme.${one}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="signOut" size={15} />} onClick={leave}>
          {t('login.out')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** On a phone there is no room for more of the status bar. */
function Rates() {
  const { t, format } = useI18n();
  const { now } = useListState();
  if (!now) return null;
  return (
    <span className={classes.rates}>
      <span className={classes.down} title={t('column.downloadRate')}>
        <Icon name="down" size={12} /> {format.rate(now.downloadRate)}
      </span>
      <span className={classes.up} title={t('column.uploadRate')}>
        <Icon name="up" size={12} /> {format.rate(now.uploadRate)}
      </span>
    </span>
  );
}

function StatusBar({ version }: { version: string }) {
  const { t, format } = useI18n();
  const { now } = useListState();
  const connection = useConnection();
  const rate = (value: number, limit: number): ReactNode => (
    <>
      {format.rate(value)}
      {limit > 0 && <span className={classes.limit}> / {format.rate(limit)}</span>}
    </>
  );
  return (
    <footer className={classes.status}>
      <span className={connection === 'open' ? classes.online : classes.offline}>
        <i aria-hidden="true" />
        {t(`connection.${connection}`)}
      </span>
      {now && (
        <>
          {now.dhtNodes !== undefined && now.dhtNodes !== null && <span>{t('status.dht', { count: now.dhtNodes })}</span>}
          <span>{t('status.peers', { count: now.peers })}</span>
          <span>{now.listenPort > 0 ? t('status.port', { port: String(now.listenPort) }) : t('status.noPort')}</span>
          {now.freeBytes !== undefined && now.freeBytes !== null && <span>{t('folder.free', { size: format.bytes(now.freeBytes) })}</span>}
          <span className={classes.grow} />
          <span className={classes.down} title={t('column.downloadRate')}>
            <Icon name="down" size={13} /> {rate(now.downloadRate, now.downloadLimit)}
          </span>
          <span className={classes.up} title={t('column.uploadRate')}>
            <Icon name="up" size={13} /> {rate(now.uploadRate, now.uploadLimit)}
          </span>
        </>
      )}
      <span className={classes.version}>{version}</span>
    </footer>
  );
}

/** A page that nobody sees keeps no stream open: browsers allow few connections to one server. */
function useHiddenStreams(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const set = (isHidden: boolean) => {
      torrentList.hide(isHidden);
      torrentDetail.hide(isHidden);
    };
    const onChange = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => set(true), 10_000);
      else set(false);
    };
    document.addEventListener('visibilitychange', onChange);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onChange);
    };
  }, []);
}

/** What the stream says to have changed is asked for again. */
function useChangedThings(): void {
  const client = useQueryClient();
  const { settings, categories, tags, keys } = useListState().changed;
  // biome-ignore-start lint/correctness/useExhaustiveDependencies: a change of each count is what it waits for.
  useEffect(() => void client.invalidateQueries({ queryKey: ['settings'] }), [client, settings]);
  useEffect(() => void client.invalidateQueries({ queryKey: ['categories'] }), [client, categories]);
  useEffect(() => void client.invalidateQueries({ queryKey: ['tags'] }), [client, tags]);
  useEffect(() => void client.invalidateQueries({ queryKey: ['keys'] }), [client, keys]);
  // biome-ignore-end lint/correctness/useExhaustiveDependencies: see above.
}

/** A magnet link or URL that is pasted anywhere but into a field opens the add dialog. */
function usePastedLinks(): void {
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      if (event.defaultPrevented || (event.target instanceof HTMLElement && event.target.closest('input, textarea, [role=dialog]'))) return;
      const files = [...(event.clipboardData?.files ?? [])].filter(({ name }) => name.endsWith('.torrent'));
      const sources = sourcesIn(event.clipboardData?.getData('text') ?? '');
      if (files.length + sources.length === 0) return;
      event.preventDefault();
      addDialog.open({ files, sources });
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  }, []);
}
