import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { go, hashOf, type SettingsSection, settingsSections } from '@/app/route';
import { useIsPhone } from '@/app/useIsPhone';
import { Empty } from '@/components/ui/Empty';
import { Icon, type IconName } from '@/components/ui/Icon';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { getSettings } from '../api/settings';
import { Access } from './Access';
import { Appearance } from './Appearance';
import { Labels } from './Labels';
import { ConnectionSection, DownloadsSection, QueueSection, SharingSection, SpeedSection } from './Sections';
import classes from './SettingsPage.module.css';
import { WatchFolders } from './WatchFolders';

const icons: Record<SettingsSection, IconName> = {
  speed: 'gauge',
  downloads: 'folder',
  queue: 'list',
  sharing: 'seed',
  connection: 'peers',
  watch: 'search',
  labels: 'tag',
  access: 'key',
  appearance: 'sun',
};

/** What can be set while the daemon runs. */
export function SettingsPage({ section }: { section: SettingsSection }) {
  const { t } = useI18n();
  const isPhone = useIsPhone();
  const { data, error } = useQuery({ queryKey: ['settings'], queryFn: getSettings });
  return (
    <div className={classes.page}>
      {isPhone ? (
        <NativeSelect
          m="sm"
          size="md"
          aria-label={t('settings.sections')}
          data={settingsSections.map((name) => ({ value: name, label: t(`settings.${name}`) }))}
          value={section}
          onChange={({ currentTarget }) => go({ page: 'settings', section: currentTarget.value as SettingsSection }, true)}
        />
      ) : (
        <nav className={classes.nav} aria-label={t('settings.sections')}>
          {settingsSections.map((name) => (
            <a
              key={name}
              href={hashOf({ page: 'settings', section: name })}
              className={classes.link}
              aria-current={section === name ? 'page' : undefined}
            >
              <Icon name={icons[name]} size={16} />
              {t(`settings.${name}`)}
            </a>
          ))}
        </nav>
      )}
      <div className={classes.content}>
        <h1 className={classes.title}>{t(`settings.${section}`)}</h1>
        {section === 'labels' ? (
          <Labels />
        ) : section === 'access' ? (
          <Access />
        ) : section === 'appearance' ? (
          <Appearance />
        ) : !data ? (
          <Empty icon={error ? 'alert' : 'clock'} title={error ? explain(error, t) : t('torrents.loading')} />
        ) : section === 'speed' ? (
          <SpeedSection settings={data} />
        ) : section === 'downloads' ? (
          <DownloadsSection settings={data} />
        ) : section === 'queue' ? (
          <QueueSection settings={data} />
        ) : section === 'sharing' ? (
          <SharingSection settings={data} />
        ) : section === 'connection' ? (
          <ConnectionSection settings={data} />
        ) : (
          <WatchFolders settings={data} />
        )}
      </div>
    </div>
  );
}
