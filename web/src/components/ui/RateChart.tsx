import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useI18n } from '@/lib/i18n/I18n';
import classes from './RateChart.module.css';
import { useColors } from './useColors';

interface RateChartProps {
  /** Seconds since 1970, and bytes a second. */
  times: number[];
  download: number[];
  upload: number[];
  height?: number;
  /** The whole span in seconds; with fewer values the rest stays empty. */
  span?: number;
}

/** Download and upload rates over time. */
export function RateChart({ times, download, upload, height = 220, span }: RateChartProps) {
  const { t, format } = useI18n();
  const { ref, width } = useElementSize();
  const holder = useRef<HTMLDivElement>(null);
  const colors = useColors();
  const chart = useRef<uPlot | null>(null);
  const data = useMemo((): uPlot.AlignedData => [times, download, upload], [times, download, upload]);
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    if (!holder.current || width < 50) return;
    const axis = { stroke: colors.dim, grid: { stroke: colors['line-soft'], width: 1 }, ticks: { show: false }, font: '11px system-ui' };
    const line = (label: string, color: string): uPlot.Series => ({
      label,
      stroke: color,
      width: 1.6,
      fill: `${color}1f`,
      points: { show: false },
      value: (_, value) => (value === null ? '–' : format.rate(value)),
    });
    const options: uPlot.Options = {
      width,
      height,
      padding: [10, 6, 0, 0],
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      legend: { show: true, live: true },
      scales: {
        x: { range: (_, min, max) => (span && max ? [max - span, max] : [min, max]) },
        y: { range: (_, __, max) => [0, Math.max(1024, max * 1.1)] },
      },
      axes: [
        {
          ...axis,
          space: 70,
          values: (_, ticks) => ticks.map((tick) => format.timeOfDay(new Date(tick * 1000)).replace(/:00( |$)/, '$1')),
        },
        { ...axis, size: 76, space: 36, values: (_, ticks) => ticks.map((tick) => format.rate(tick)), incrs: binaryIncrements },
      ],
      series: [
        { label: t('chart.time'), value: (_, value) => (value === null ? '–' : format.timeOfDay(new Date(value * 1000))) },
        line(t('chart.download'), colors.down),
        line(t('chart.upload'), colors.up),
      ],
    };
    const plot = new uPlot(options, latest.current, holder.current);
    chart.current = plot;
    return () => {
      plot.destroy();
      chart.current = null;
    };
  }, [width, height, colors, format, t, span]);

  useEffect(() => chart.current?.setData(data), [data]);

  const label = t('chart.label', { download: format.rate(download.at(-1) ?? 0), upload: format.rate(upload.at(-1) ?? 0) });
  return (
    <figure ref={ref} className={classes.chart} aria-label={label}>
      <div ref={holder} aria-hidden="true" />
    </figure>
  );
}

/** Steps of the axis that are round numbers of KiB, MiB, GiB. */
const binaryIncrements = Array.from({ length: 5 }, (_, unit) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((step) => step * 1024 ** unit),
).flat();
