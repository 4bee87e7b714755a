import { NumberInput } from '@mantine/core';
import { useI18n } from '@/lib/i18n/I18n';

interface FieldProps {
  label: string;
  description?: string;
  error?: string;
  disabled?: boolean;
}

interface RateFieldProps extends FieldProps {
  /** Bytes a second; 0 is no limit. */
  value: number;
  onChange: (bytesPerSecond: number) => void;
}

/** A rate limit, written in KiB/s; empty is none. */
export function RateField({ value, onChange, ...field }: RateFieldProps) {
  const { t } = useI18n();
  return (
    <KibField
      {...field}
      placeholder={t('settings.noLimit')}
      value={value === 0 ? null : value}
      onChange={(bytesPerSecond) => onChange(bytesPerSecond ?? 0)}
    />
  );
}

interface RateChangeFieldProps extends FieldProps {
  /** Bytes a second; 0 is no limit, null is no change. */
  value: number | null;
  onChange: (bytesPerSecond: number | null) => void;
}

/** A rate limit for several torrents at once; empty leaves each as it is, 0 takes it away. */
export function RateChangeField(props: RateChangeFieldProps) {
  const { t } = useI18n();
  return <KibField description={t('dialog.zeroIsNone')} {...props} placeholder={t('dialog.unchanged')} />;
}

function KibField({ value, onChange, ...field }: RateChangeFieldProps & { placeholder: string }) {
  const { t } = useI18n();
  return (
    <NumberInput
      {...field}
      suffix=" KiB/s"
      thousandSeparator={t('format.thousands')}
      decimalSeparator={t('format.decimal')}
      min={0}
      max={1_000_000_000}
      step={100}
      decimalScale={2}
      value={value === null ? '' : value / 1024}
      onChange={(kib) => onChange(kib === '' ? null : Math.round(Number(kib) * 1024))}
    />
  );
}
