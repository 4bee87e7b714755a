import { Kbd } from '@mantine/core';
import { Dialog } from '@/components/ui/Dialog';
import { helpDialog } from '@/features/add/dialogs';
import { useI18n } from '@/lib/i18n/I18n';
import type { TextKey } from '@/lib/i18n/translate';
import { gridKeys, shortcuts } from '@/lib/keyboard';
import classes from './KeysDialog.module.css';

/** All keys, from the same map that handles them. */
export function KeysDialog({ opened }: { opened: boolean }) {
  const { t } = useI18n();
  return (
    <Dialog opened={opened} onClose={helpDialog.close} title={t('keys.title')} size="lg">
      <div className={classes.columns}>
        <Keys title={t('keys.anywhere')} entries={Object.values(shortcuts)} />
        <Keys title={t('keys.inGrid')} entries={gridKeys} />
      </div>
    </Dialog>
  );
}

/** Texts without values; all that name a key are such. */
type PlainKey = Extract<TextKey, `keys.${string}`>;

function Keys({ title, entries }: { title: string; entries: readonly { keys: readonly string[]; text: PlainKey }[] }) {
  const { t } = useI18n();
  return (
    <section>
      <h3 className={classes.heading}>{title}</h3>
      <dl className={classes.list}>
        {entries.map(({ keys, text }) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key} size="xs">
                  {key}
                </Kbd>
              ))}
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
