import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { Formatter } from '@/lib/format';
import { StoredValue, useStored } from '@/lib/stored';
import { en } from './en';
import { type Catalogue, type Translate, translator } from './translate';

/** The languages, in their own names. A new one is a file beside en.ts and a line in each of these two. */
export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

const catalogues: Record<Language, () => Promise<Catalogue>> = {
  en: async () => en,
  de: async () => (await import('./de')).de,
};

const isLanguage = (value: unknown): value is Language => typeof value === 'string' && Object.hasOwn(languages, value);
const preferred = (): Language => navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
const stored = new StoredValue<Language>('language', preferred(), isLanguage);

interface I18n {
  t: Translate;
  format: Formatter;
  collator: Intl.Collator;
  language: Language;
  setLanguage: (language: Language) => void;
}

const Context = createContext<I18n | null>(null);

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useStored(stored);
  const [loaded, setLoaded] = useState<{ language: Language; catalogue: Catalogue } | null>(
    language === 'en' ? { language, catalogue: en } : null,
  );
  useEffect(() => {
    let current = true;
    void catalogues[language]()
      // Without its file (the daemon was updated meanwhile), English is better than nothing.
      .catch((): Catalogue => en)
      .then((catalogue) => current && setLoaded({ language, catalogue }));
    return () => {
      current = false;
    };
  }, [language]);

  const value = useMemo((): I18n | null => {
    if (!loaded) return null;
    // Numbers and dates as the browser's user writes them, where that is the same language ("en-GB").
    const locale = navigator.languages.find((tag) => tag.split('-')[0] === loaded.language) ?? loaded.language;
    document.documentElement.lang = loaded.language;
    return {
      t: translator(locale, loaded.catalogue),
      format: new Formatter(locale),
      collator: new Intl.Collator(locale, { numeric: true, sensitivity: 'base' }),
      language,
      setLanguage,
    };
  }, [loaded, language, setLanguage]);
  return value && <Context value={value}>{children}</Context>;
}

export function useI18n(): I18n {
  const value = useContext(Context);
  if (!value) throw new Error('useI18n outside of I18nProvider');
  return value;
}
