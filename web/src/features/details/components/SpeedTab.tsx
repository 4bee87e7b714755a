import { useMemo } from 'react';
import { late } from '@/components/ui/late';
import type { RateSample } from '../api/detailState';
import classes from './Tab.module.css';

const RateChart = late(async () => (await import('@/components/ui/RateChart')).RateChart);

/** The torrent's rates since its details were opened. */
export function SpeedTab({ rates }: { rates: readonly RateSample[] }) {
  const series = useMemo(
    () => ({
      times: rates.map(({ at }) => at / 1000),
      download: rates.map(({ download }) => download),
      upload: rates.map(({ upload }) => upload),
    }),
    [rates],
  );
  return (
    <div className={classes.pad}>
      <RateChart {...series} span={300} height={200} />
    </div>
  );
}
