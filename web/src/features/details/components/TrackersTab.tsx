import { ActionIcon, Button, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { TrackerRow } from '@/api';
import { Dialog } from '@/components/ui/Dialog';
import { Empty } from '@/components/ui/Empty';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { useTorrentActions } from '@/features/torrents/hooks/useTorrentActions';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { setTrackers, webSeedsOf } from '../api/details';
import classes from './Tab.module.css';

/** The trackers with their last answers, and the web seeds. */
export function TrackersTab({ id, trackers }: { id: string; trackers: readonly TrackerRow[] | null }) {
  const { t, format } = useI18n();
  const actions = useTorrentActions();
  const [isEditing, setEditing] = useState(false);
  const webSeeds = useQuery({ queryKey: ['webSeeds', id], queryFn: () => webSeedsOf(id) });
  const now = new Date();
  const count = (value: number | null | undefined) => (value === null || value === undefined ? '–' : format.number(value));
  return (
    <div className={classes.pad}>
      <div className={classes.bar}>
        <span />
        <ActionIcon
          size="md"
          aria-label={t('torrent.announce')}
          title={t('torrent.announce')}
          onClick={() => actions.announce({ ids: [id] })}
        >
          <Icon name="recheck" size={16} />
        </ActionIcon>
        <ActionIcon size="md" aria-label={t('tracker.edit')} title={t('tracker.edit')} onClick={() => setEditing(true)}>
          <Icon name="rename" size={16} />
        </ActionIcon>
      </div>
      {!trackers?.length ? (
        <Empty compact icon="tracker" title={t('tracker.none')}>
          {t('tracker.noneHint')}
        </Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be scrolled by keyboard too.
        <section className={classes.scroll} tabIndex={0} aria-label={t('details.trackers')}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">{t('tracker.tier')}</th>
                <th scope="col">{t('tracker.url')}</th>
                <th scope="col">{t('column.state')}</th>
                <th scope="col" className={classes.number}>
                  {t('tracker.seeders')}
                </th>
                <th scope="col" className={classes.number}>
                  {t('tracker.leechers')}
                </th>
                <th scope="col" className={classes.number}>
                  {t('tracker.received')}
                </th>
                <th scope="col">{t('tracker.next')}</th>
              </tr>
            </thead>
            <tbody>
              {trackers.map((tracker) => (
                <tr key={`${tracker.tier} ${tracker.url}`}>
                  <td>{tracker.tier + 1}</td>
                  <td>{tracker.url}</td>
                  <td className={tracker.state === 'failing' ? classes.bad : tracker.state === 'working' ? classes.good : undefined}>
                    {t(`tracker.${tracker.state}`)}
                    {tracker.message && <div className={classes.dim}>{tracker.message}</div>}
                  </td>
                  <td className={classes.number}>{count(tracker.seeders)}</td>
                  <td className={classes.number}>{count(tracker.leechers)}</td>
                  <td className={classes.number}>{count(tracker.peersReceived)}</td>
                  <td>{tracker.nextAnnounceAt ? format.fromNow(new Date(tracker.nextAnnounceAt), now) : '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {webSeeds.data && webSeeds.data.length > 0 && (
        <>
          <h2 className={classes.heading}>{t('tracker.webSeeds')}</h2>
          <ul className={classes.log}>
            {webSeeds.data.map(({ url }) => (
              <li key={url}>{url}</li>
            ))}
          </ul>
        </>
      )}
      <Dialog opened={isEditing} onClose={() => setEditing(false)} title={t('tracker.edit')} size="lg">
        <EditTrackers id={id} trackers={trackers ?? []} onClose={() => setEditing(false)} />
      </Dialog>
    </div>
  );
}

function EditTrackers({ id, trackers, onClose }: { id: string; trackers: readonly TrackerRow[]; onClose: () => void }) {
  const { t } = useI18n();
  const [text, setText] = useState(() => tiersToText(trackers));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await setTrackers(id, textToTiers(text));
      onClose();
    } catch (error) {
      notify({ kind: 'problem', title: t('action.notDone'), detail: explain(error, t) });
    }
  };
  return (
    <form onSubmit={submit}>
      <Textarea
        label={t('tracker.editLabel')}
        description={t('tracker.editHint')}
        autosize={false}
        rows={10}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        data-autofocus
      />
      <Button type="submit" mt="md">
        {t('common.save')}
      </Button>
    </form>
  );
}

/** One URL a line, an empty line between tiers. */
function tiersToText(trackers: readonly TrackerRow[]): string {
  const tiers = new Map<number, string[]>();
  for (const { tier, url } of trackers) tiers.set(tier, [...(tiers.get(tier) ?? []), url]);
  return [...tiers.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, urls]) => urls.join('\n'))
    .join('\n\n');
}

const textToTiers = (text: string): string[][] =>
  text
    .split(/\n\s*\n/)
    .map((tier) =>
      tier
        .split('\n')
        .map((url) => url.trim())
        .filter(Boolean),
    )
    .filter((tier) => tier.length > 0);
