import { Button, Group, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Dialog } from '@/components/ui/Dialog';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';

interface RenameDialogProps {
  /** The name that a file or folder has; null closes the dialog. */
  name: string | null;
  rename: (name: string) => Promise<void>;
  onClose: () => void;
}

/** Asks for another name on disk. */
export function RenameDialog({ name, rename, onClose }: RenameDialogProps) {
  const { t } = useI18n();
  return (
    <Dialog opened={name !== null} onClose={onClose} title={t('files.renameTitle')}>
      {name !== null && <RenameForm name={name} rename={rename} onClose={onClose} />}
    </Dialog>
  );
}

function RenameForm({ name, rename, onClose }: RenameDialogProps & { name: string }) {
  const { t } = useI18n();
  const [text, setText] = useState(name);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      if (text !== name) await rename(text);
      onClose();
    } catch (error) {
      setProblem(explain(error, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label={t('files.renameTo')}
          description={t('files.renameHint')}
          error={problem}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          // What is before the ending is what changes, mostly.
          onFocus={({ currentTarget }) => currentTarget.setSelectionRange(0, stemLength(currentTarget.value))}
          maxLength={255}
          required
          data-autofocus
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={isBusy}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function stemLength(name: string): number {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? dot : name.length;
}
