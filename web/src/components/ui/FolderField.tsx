import { ActionIcon, Combobox, Loader, TextInput, useCombobox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { listFolder } from '@/features/session/api/folders';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { Icon } from './Icon';

interface FolderFieldProps {
  label: string;
  description?: string;
  value: string;
  onChange: (path: string) => void;
  placeholder?: string;
  required?: boolean;
  error?: string;
  /** Files can be chosen too. */
  files?: boolean;
}

/** A folder of the machine that the daemon runs on: typed, or chosen from what is there. */
export function FolderField({ label, description, value, onChange, placeholder, required, error, files }: FolderFieldProps) {
  const { t, format } = useI18n();
  const box = useCombobox({ onDropdownClose: () => box.resetSelectedOption() });
  const folder = value.endsWith('/') ? value.slice(0, -1) : value;
  const {
    data,
    error: failure,
    isFetching,
  } = useQuery({
    queryKey: ['folders', folder],
    queryFn: () => listFolder(folder),
    enabled: box.dropdownOpened,
    retry: false,
    staleTime: 5_000,
  });
  const entries = data?.entries.filter((entry) => files || entry.isFolder) ?? [];
  const choose = (path: string) => {
    onChange(path);
    const isFile = data?.entries.some((entry) => entry.path === path && !entry.isFolder);
    if (isFile) box.closeDropdown();
  };
  return (
    <Combobox store={box} onOptionSubmit={choose} withinPortal>
      <Combobox.Target>
        <TextInput
          label={label}
          description={data?.freeBytes && box.dropdownOpened ? t('folder.free', { size: format.bytes(data.freeBytes) }) : description}
          placeholder={placeholder}
          required={required}
          error={error}
          value={value}
          maxLength={4096}
          onBlur={() => box.closeDropdown()}
          onChange={({ currentTarget }) => {
            onChange(currentTarget.value);
            box.openDropdown();
          }}
          rightSection={
            <ActionIcon
              aria-label={t('folder.browse')}
              size="sm"
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => box.toggleDropdown()}
            >
              {isFetching ? <Loader size={14} /> : <Icon name="folder" size={16} />}
            </ActionIcon>
          }
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        {(data?.path || entries.length > 0) && (
          <Combobox.Options mah={260} style={{ overflowY: 'auto' }} aria-label={t('folder.browse')}>
            {data?.path && (
              <Combobox.Option value={data.parent ?? ''}>
                <Icon name="back" size={14} /> {t('folder.up')}
              </Combobox.Option>
            )}
            {entries.map((entry) => (
              <Combobox.Option key={entry.path} value={entry.path}>
                <Icon name={entry.isFolder ? 'folder' : 'file'} size={14} /> {entry.name}
              </Combobox.Option>
            ))}
          </Combobox.Options>
        )}
        {failure ? (
          <Combobox.Empty>{explain(failure, t)}</Combobox.Empty>
        ) : (
          entries.length === 0 && <Combobox.Empty>{isFetching ? t('torrents.loading') : t('folder.empty')}</Combobox.Empty>
        )}
      </Combobox.Dropdown>
    </Combobox>
  );
}
