import { type ReactNode, useMemo } from 'react';
import type { PieceMap as Pieces, TorrentDetails } from '@/api';
import { Icon } from '@/components/ui/Icon';
import { AvailabilityBar, PieceMap } from '@/components/ui/PieceMap';
import { ProgressBar } from '@/components/ui/ProgressBar';
import { stateTone } from '@/features/torrents/components/StateMark';
import { useI18n } from '@/lib/i18n/I18n';
import { countSkipped } from '@/lib/pieces';
import { Findings } from './Findings';
import classes from './OverviewTab.module.css';

/** How a torrent stands: its pieces, its figures, why it is slow, and what it is. */
export function OverviewTab({ details, pieces }: { details: TorrentDetails; pieces: Pieces | null }) {
  const { t, format } = useI18n();
  const { row } = details;
  const skipped = useMemo(() => (pieces ? countSkipped(pieces) : 0), [pieces]);
  const here = { have: details.piecesDone ?? 0, count: pieces?.count ?? 0, skipped };
  const date = (value: string | null | undefined) => (value ? format.date(new Date(value)) : null);
  const rate = (value: number | undefined, limit: number | undefined) =>
    limit ? t('overview.rateOf', { rate: format.rate(value ?? 0), limit: format.rate(limit) }) : format.rate(value ?? 0);
  return (
    <div className={classes.root}>
      <section className={classes.pieces} aria-label={t('overview.pieces')}>
        <ProgressBar part={row.progress ?? 0} text={format.percent(row.progress ?? 0)} tone={stateTone(row)} label={t('column.progress')} />
        {pieces && pieces.count > 0 ? (
          <>
            <PieceMap {...pieces} label={t(skipped === 0 ? 'overview.pieceMap' : 'overview.pieceMapSkipped', here)} />
            <div className={classes.legend} aria-hidden="true">
              <span>
                <i className={classes.have} /> {t('overview.have')}
              </span>
              <span>
                <i className={classes.active} /> {t('overview.coming')}
              </span>
              <span>
                <i className={classes.missing} /> {t('overview.missing')}
              </span>
              <span>
                <i className={classes.nowhere} /> {t('overview.nowhere')}
              </span>
              <span>
                <i className={classes.skipped} /> {t('overview.skipped')}
              </span>
            </div>
            {!row.isFinished && (row.peers ?? 0) > 0 && (
              <>
                <h2 className={classes.heading}>{t('overview.availability', { count: row.availability ?? 0 })}</h2>
                <AvailabilityBar availability={pieces.availability} label={t('overview.availability', { count: row.availability ?? 0 })} />
              </>
            )}
          </>
        ) : (
          <p className={classes.note}>
            <Icon name="magnet" size={16} /> {t('overview.noMetadata')}
          </p>
        )}
        <Findings findings={details.diagnosis} />
      </section>
      <Facts
        title={t('overview.transfer')}
        facts={[
          [t('column.downloadRate'), rate(row.downloadRate, row.downloadLimit)],
          [t('column.uploadRate'), rate(row.uploadRate, row.uploadLimit)],
          [t('column.downloaded'), format.bytes(row.downloaded ?? 0)],
          [t('column.uploaded'), format.bytes(row.uploaded ?? 0)],
          [t('column.ratio'), format.number(row.ratio ?? 0, 2)],
          [t('column.eta'), row.etaSeconds !== undefined && row.etaSeconds !== null ? format.duration(row.etaSeconds) : null],
          [t('overview.wasted'), format.bytes(details.wasted ?? 0)],
          [t('column.peers'), t('overview.peersOf', { peers: row.peers ?? 0, seeds: row.seeds ?? 0, known: details.knownPeers ?? 0 })],
          [t('overview.activeTime'), row.activeSeconds ? format.duration(row.activeSeconds) : null],
          [t('column.seedingTime'), row.seedingSeconds ? format.duration(row.seedingSeconds) : null],
        ]}
      />
      <Facts
        title={t('overview.about')}
        facts={[
          [t('column.size'), t('overview.sizeOf', { size: format.bytes(row.totalBytes ?? 0), count: details.fileCount ?? 0 })],
          [t('overview.pieces'), t('overview.piecesOf', { count: details.pieceCount ?? 0, size: format.bytes(details.pieceSize ?? 0) })],
          [t('column.savePath'), row.savePath],
          [t('column.category'), row.category],
          [t('column.tags'), row.tags?.join(', ')],
          [t('column.added'), date(row.addedAt)],
          [t('column.finished'), date(row.finishedAt)],
          [t('overview.created'), date(details.createdAt)],
          [t('overview.createdBy'), details.createdBy],
          [t('overview.comment'), details.comment],
          [t('overview.hashV1'), details.infoHashV1 && <code>{details.infoHashV1}</code>],
          [t('overview.hashV2'), details.infoHashV2 && <code>{details.infoHashV2}</code>],
          [t('overview.private'), row.isPrivate ? t('overview.isPrivate') : null],
        ]}
      />
    </div>
  );
}

function Facts({ title, facts }: { title: string; facts: [name: string, value: ReactNode][] }) {
  return (
    <section className={classes.facts} aria-label={title}>
      <h2 className={classes.heading}>{title}</h2>
      <dl>
        {facts
          .filter(([, value]) => value !== null && value !== undefined && value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
