import { Button, Select } from '@mantine/core';
import { type ColorScheme, colorSchemes, storedScheme } from '@/app/colorScheme';
import { notify } from '@/components/ui/notices';
import { type Language, languages, useI18n } from '@/lib/i18n/I18n';
import { useStored } from '@/lib/stored';
import classes from './SettingsPage.module.css';

/** What holds for this browser only. */
export function Appearance() {
  const { t, language, setLanguage } = useI18n();
  const [scheme, setScheme] = useStored(storedScheme);
  const handleMagnets = () => {
    navigator.registerProtocolHandler('magnet', `${location.origin}${location.pathname}#/add/%s`);
    notify({ kind: 'done', title: t('appearance.asked') });
  };
  return (
    <section className={classes.card} aria-label={t('settings.appearance')}>
      <div className={classes.stack}>
        <Select
          label={t('appearance.language')}
          data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
          value={language}
          onChange={(value) => value && setLanguage(value as Language)}
        />
        <Select
          label={t('settings.scheme')}
          data={colorSchemes.map((value) => ({ value, label: t(`scheme.${value}`) }))}
          value={scheme}
          onChange={(value) => value && setScheme(value as ColorScheme)}
        />
        {'registerProtocolHandler' in navigator && (
          <div>
            <Button variant="default" onClick={handleMagnets}>
              {t('appearance.magnets')}
            </Button>
            <p className={classes.note}>{t('appearance.magnetsHint')}</p>
          </div>
        )}
      </div>
    </section>
  );
}
