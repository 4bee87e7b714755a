import { ActionIcon, Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Empty } from '@/components/ui/Empty';
import { FolderField } from '@/components/ui/FolderField';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { addTag, removeCategory, removeTag, setCategory } from '../api/settings';
import { useCategories, useTags } from '../hooks/useLabels';
import classes from './SettingsPage.module.css';

/** Categories with their folders, and tags. */
export function Labels() {
  const { t } = useI18n();
  const client = useQueryClient();
  const categories = useCategories();
  const tags = useTags();
  const [name, setName] = useState('');
  const [path, setPath] = useState('');
  const [tag, setTag] = useState('');
  const run = async (call: () => Promise<unknown>): Promise<boolean> => {
    try {
      await call();
      await client.invalidateQueries({ queryKey: ['categories'] });
      await client.invalidateQueries({ queryKey: ['tags'] });
      return true;
    } catch (error) {
      notify({ kind: 'problem', title: t('action.notDone'), detail: explain(error, t) });
      return false;
    }
  };
  const saveCategory = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await run(() => setCategory(name, path)))) return;
    setName('');
    setPath('');
  };
  const saveTag = async (event: FormEvent) => {
    event.preventDefault();
    if (await run(() => addTag(tag))) setTag('');
  };
  return (
    <>
      <section className={classes.card} aria-label={t('filter.categories')}>
        <h2>{t('filter.categories')}</h2>
        {categories.length === 0 ? (
          <Empty compact icon="folder" title={t('labels.noCategories')} />
        ) : (
          <ul className={classes.rows}>
            {categories.map((category) => (
              <li key={category.name}>
                <span>
                  <bdi>{category.name}</bdi>
                  <br />
                  <span className={classes.dim}>{category.savePath || t('watch.default')}</span>
                </span>
                <span className={classes.dim}>{t('labels.torrents', { count: category.torrents ?? 0 })}</span>
                <ActionIcon
                  aria-label={t('labels.edit', { name: category.name })}
                  onClick={() => {
                    setName(category.name);
                    setPath(category.savePath ?? '');
                  }}
                >
                  <Icon name="rename" size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={t('labels.remove', { name: category.name })}
                  onClick={() => run(() => removeCategory(category.name))}
                >
                  <Icon name="trash" size={16} />
                </ActionIcon>
              </li>
            ))}
          </ul>
        )}
        <form onSubmit={saveCategory} className={classes.stack}>
          <div className={classes.pair}>
            <TextInput
              label={t('labels.name')}
              value={name}
              maxLength={200}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
              required
            />
            <FolderField label={t('labels.folder')} value={path} onChange={setPath} placeholder={t('watch.default')} />
          </div>
          <div className={classes.actions}>
            <Button type="submit" variant="default">
              {t('labels.saveCategory')}
            </Button>
          </div>
        </form>
      </section>
      <section className={classes.card} aria-label={t('filter.tags')}>
        <h2>{t('filter.tags')}</h2>
        {tags.length === 0 ? (
          <Empty compact icon="tag" title={t('labels.noTags')} />
        ) : (
          <ul className={classes.rows}>
            {tags.map((one) => (
              <li key={one.name}>
                <bdi>{one.name}</bdi>
                <span className={classes.dim}>{t('labels.torrents', { count: one.torrents ?? 0 })}</span>
                <ActionIcon aria-label={t('labels.remove', { name: one.name })} onClick={() => run(() => removeTag(one.name))}>
                  <Icon name="trash" size={16} />
                </ActionIcon>
              </li>
            ))}
          </ul>
        )}
        <form onSubmit={saveTag} className={classes.actions}>
          <TextInput
            aria-label={t('labels.newTag')}
            placeholder={t('labels.newTag')}
            value={tag}
            maxLength={200}
            onChange={({ currentTarget }) => setTag(currentTarget.value)}
            required
          />
          <Button type="submit" variant="default">
            {t('common.add')}
          </Button>
        </form>
      </section>
    </>
  );
}
