import { ActionIcon, Button, Checkbox } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Settings, WatchFolder } from '@/api';
import { Empty } from '@/components/ui/Empty';
import { FolderField } from '@/components/ui/FolderField';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { saveSettings } from '../api/settings';
import { CategoryField } from './CategoryField';
import classes from './SettingsPage.module.css';

/** Folders whose .torrent files are added by themselves. */
export function WatchFolders({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [path, setPath] = useState('');
  const [savePath, setSavePath] = useState('');
  const [category, setCategory] = useState('');
  const [paused, setPaused] = useState(false);
  const save = async (watchFolders: WatchFolder[]): Promise<boolean> => {
    try {
      client.setQueryData(['settings'], await saveSettings({ watchFolders }));
      return true;
    } catch (error) {
      notify({ kind: 'problem', title: t('settings.notSaved'), detail: explain(error, t) });
      return false;
    }
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await save([...settings.watchFolders, { path, savePath, category, tags: [], paused }]))) return;
    setPath('');
    setSavePath('');
    setCategory('');
    setPaused(false);
  };
  return (
    <>
      <section className={classes.card} aria-label={t('settings.watch')}>
        <p className={classes.note}>{t('watch.hint')}</p>
        {settings.watchFolders.length === 0 ? (
          <Empty compact icon="folder" title={t('watch.none')} />
        ) : (
          <ul className={classes.rows}>
            {settings.watchFolders.map((folder) => (
              <li key={folder.path}>
                <span>
                  <bdi>{folder.path}</bdi>
                  <br />
                  <span className={classes.dim}>
                    {[folder.savePath, folder.category, folder.paused ? t('add.startPaused') : ''].filter(Boolean).join(' · ')}
                  </span>
                </span>
                <ActionIcon
                  aria-label={t('watch.remove', { path: folder.path })}
                  onClick={() => save(settings.watchFolders.filter((one) => one !== folder))}
                >
                  <Icon name="trash" size={16} />
                </ActionIcon>
              </li>
            ))}
          </ul>
        )}
      </section>
      <form onSubmit={add} className={classes.card}>
        <h2>{t('watch.add')}</h2>
        <div className={classes.stack}>
          <FolderField label={t('watch.path')} value={path} onChange={setPath} required />
          <FolderField label={t('add.folder')} value={savePath} onChange={setSavePath} placeholder={t('watch.default')} />
          <CategoryField value={category} onChange={setCategory} />
          <Checkbox label={t('add.startPaused')} checked={paused} onChange={({ currentTarget }) => setPaused(currentTarget.checked)} />
          <div className={classes.actions}>
            <Button type="submit">{t('common.add')}</Button>
          </div>
        </div>
      </form>
    </>
  );
}
