import { NumberInput } from '@mantine/core';
import { useI18n } from '@/lib/i18n/I18n';

interface RateFieldProps {
  label: string;
  description?: string;
  /** Bytes a second; 0 is no limit. */
  value: number;
  onChange: (bytesPerSecond: number) => void;
  error?: string;
  disabled?: boolean;
}

/** A rate limit, written in KiB/s; empty is none. */
export function RateField({ label, description, value, onChange, error, disabled }: RateFieldProps) {
  const { t } = useI18n();
  return (
    <NumberInput
      label={label}
      description={description}
      error={error}
      disabled={disabled}
      placeholder={t('settings.noLimit')}
      suffix=" KiB/s"
      thousandSeparator={t('format.thousands')}
      decimalSeparator={t('format.decimal')}
      min={0}
      max={1_000_000_000}
      step={100}
      decimalScale={2}
      value={value === 0 ? '' : value / 1024}
      onChange={(kib) => onChange(kib === '' ? 0 : Math.round(Number(kib) * 1024))}
    />
  );
}
