import { Autocomplete } from '@mantine/core';
import { useI18n } from '@/lib/i18n/I18n';
import { useCategories } from '../hooks/useLabels';

interface CategoryFieldProps {
  value: string;
  onChange: (category: string) => void;
  description?: string;
  placeholder?: string;
  autoFocus?: boolean;
}

/** A category: one that is there, or a new name; empty is none. */
export function CategoryField({ value, onChange, description, placeholder, autoFocus }: CategoryFieldProps) {
  const { t } = useI18n();
  const categories = useCategories();
  return (
    <Autocomplete
      label={t('dialog.category')}
      description={description}
      placeholder={placeholder ?? t('filter.noCategory')}
      data={categories.map(({ name }) => name)}
      value={value}
      onChange={onChange}
      maxLength={200}
      clearable
      clearButtonProps={{ 'aria-label': t('common.clear') }}
      data-autofocus={autoFocus || undefined}
    />
  );
}
