import type { LogEntry, TorrentDetails } from '@/api';
import { Empty } from '@/components/ui/Empty';
import { useI18n } from '@/lib/i18n/I18n';
import { Findings } from './Findings';
import classes from './Tab.module.css';

/** Why the torrent is not faster, and what happened, the latest first. */
export function LogTab({ details, log }: { details: TorrentDetails; log: readonly LogEntry[] | null }) {
  const { t, format } = useI18n();
  return (
    <div className={classes.pad}>
      {details.diagnosis.length > 0 && (
        <>
          <h2 className={classes.heading}>{t('log.findings')}</h2>
          <Findings findings={details.diagnosis} />
        </>
      )}
      <h2 className={classes.heading}>{t('log.happened')}</h2>
      {!log?.length ? (
        <Empty compact icon="list" title={t('log.none')} />
      ) : (
        <ol className={classes.log}>
          {log.toReversed().map((entry) => (
            <li key={entry.number}>
              <time dateTime={entry.at}>{format.moment(new Date(entry.at))}</time>
              <span lang="en" className={entry.level === 'problem' ? classes.bad : undefined}>
                {entry.message}
              </span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
