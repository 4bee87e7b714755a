import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useListState } from '@/features/torrents/hooks/useTorrentList';
import { historyOf } from '../api/statistics';

export interface RateSeries {
  /** Seconds since 1970. */
  times: number[];
  /** Bytes a second. */
  download: number[];
  upload: number[];
}

const liveSpan = 600;

/** The session's rates: of the last ten minutes, going on with what the stream brings, or of the last day. */
export function useRateHistory(span: 'live' | 'day'): RateSeries {
  const { data } = useQuery({
    queryKey: ['history', span],
    queryFn: () => historyOf(span),
    refetchInterval: span === 'day' ? 60_000 : false,
    staleTime: 0,
    gcTime: 0,
  });
  const { at, now } = useListState();
  const [tail, setTail] = useState<readonly { at: number; download: number; upload: number }[]>([]);
  const download = now?.downloadRate ?? 0;
  const upload = now?.uploadRate ?? 0;
  useEffect(() => {
    if (at > 0)
      setTail((before) => [...before.filter((sample) => sample.at > at - liveSpan * 1000 && sample.at < at), { at, download, upload }]);
  }, [at, download, upload]);
  return useMemo(() => {
    const series: RateSeries = { times: [], download: [], upload: [] };
    if (data) {
      const start = Date.parse(data.from) / 1000;
      for (const [index, value] of data.download.entries()) {
        series.times.push(start + index * data.stepSeconds);
        series.download.push(value);
        series.upload.push(data.upload[index] ?? 0);
      }
    }
    if (span === 'day') return series;
    const last = series.times.at(-1) ?? 0;
    for (const sample of tail) {
      if (sample.at / 1000 <= last) continue;
      series.times.push(sample.at / 1000);
      series.download.push(sample.download);
      series.upload.push(sample.upload);
    }
    return series;
  }, [data, tail, span]);
}
