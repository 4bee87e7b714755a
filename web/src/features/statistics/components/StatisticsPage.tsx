import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { StatisticsTotals } from '@/api';
import { RateChart } from '@/components/ui/RateChart';
import { useListState } from '@/features/torrents/hooks/useTorrentList';
import { useI18n } from '@/lib/i18n/I18n';
import { getStatistics } from '../api/statistics';
import { useRateHistory } from '../hooks/useRateHistory';
import classes from './StatisticsPage.module.css';

/** Rates over time, and what was moved in this run and in all. */
export function StatisticsPage() {
  const { t, format } = useI18n();
  const { now } = useListState();
  const [span, setSpan] = useState<'live' | 'day'>('live');
  const series = useRateHistory(span);
  const { data } = useQuery({ queryKey: ['statistics'], queryFn: getStatistics, refetchInterval: 5000 });
  return (
    <div className={classes.page}>
      <h1 className={classes.title}>{t('statistics.title')}</h1>
      <section className={classes.tiles} aria-label={t('statistics.now')}>
        <Tile name={t('column.downloadRate')} value={format.rate(now?.downloadRate ?? 0)} tone="down" />
        <Tile name={t('column.uploadRate')} value={format.rate(now?.uploadRate ?? 0)} tone="up" />
        <Tile
          name={t('statistics.torrents')}
          value={format.number(now?.torrents ?? 0)}
          detail={t('statistics.active', { downloading: now?.downloading ?? 0, seeding: now?.seeding ?? 0 })}
        />
        <Tile
          name={t('column.peers')}
          value={format.number(now?.peers ?? 0)}
          detail={now?.dhtNodes === undefined || now?.dhtNodes === null ? undefined : t('status.dht', { count: now.dhtNodes })}
        />
        <Tile
          name={t('statistics.free')}
          value={now?.freeBytes === undefined || now?.freeBytes === null ? '–' : format.bytes(now.freeBytes)}
        />
      </section>
      <section className={classes.card} aria-label={t('statistics.rates')}>
        <div className={classes.cardHead}>
          <h2>{t('statistics.rates')}</h2>
          <SegmentedControl
            size="xs"
            aria-label={t('statistics.span')}
            data={[
              { value: 'live', label: t('statistics.live') },
              { value: 'day', label: t('statistics.day') },
            ]}
            value={span}
            onChange={(value) => setSpan(value as 'live' | 'day')}
          />
        </div>
        <RateChart {...series} height={300} span={span === 'live' ? 600 : 86_400} />
      </section>
      <div className={classes.columns}>
        <Totals title={t('statistics.session')} totals={data?.session} />
        <Totals title={t('statistics.allTime')} totals={data?.allTime} />
      </div>
    </div>
  );
}

function Tile({ name, value, detail, tone }: { name: string; value: string; detail?: string; tone?: 'down' | 'up' }) {
  return (
    <div className={classes.tile}>
      <div className={classes.tileName}>{name}</div>
      <div className={tone ? `${classes.tileValue} ${classes[tone]}` : classes.tileValue}>{value}</div>
      {detail && <div className={classes.tileDetail}>{detail}</div>}
    </div>
  );
}

function Totals({ title, totals }: { title: string; totals: StatisticsTotals | undefined }) {
  const { t, format } = useI18n();
  const rows: [string, string][] = totals
    ? [
        [t('column.downloaded'), format.bytes(totals.downloaded)],
        [t('column.uploaded'), format.bytes(totals.uploaded)],
        [t('column.ratio'), totals.downloaded > 0 ? format.number(totals.uploaded / totals.downloaded, 2) : '–'],
        [t('overview.wasted'), format.bytes(totals.wasted)],
        [t('statistics.running'), format.duration(totals.seconds)],
        [t('statistics.finished'), format.number(totals.torrentsFinished)],
      ]
    : [];
  return (
    <section className={classes.card} aria-label={title}>
      <div className={classes.cardHead}>
        <h2>{title}</h2>
      </div>
      <dl className={classes.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
