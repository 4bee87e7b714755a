import { describe, expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';
import { type Catalogue, translator } from './translate';

const placeholders = (entry: string | Record<string, string>): string[] =>
  (typeof entry === 'string' ? [entry] : Object.values(entry)).flatMap((text) =>
    [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
  );

describe('translator', () => {
  const english = translator('en', en);
  const german = translator('de', de);

  it('chooses the plural form and writes numbers as the language does', () => {
    expect(english('torrents.chosen', { count: 1 })).toBe('One chosen');
    expect(english('torrents.chosen', { count: 12_345 })).toBe('12,345 chosen');
    expect(german('torrents.chosen', { count: 12_345 })).toBe('12.345 ausgewählt');
  });

  it('puts values in as they are, whatever they hold', () => {
    expect(english('announce.finished', { name: '{name} $& <b>' })).toBe('{name} $& <b> is complete');
  });
});

describe('the catalogues', () => {
  const others: [string, Catalogue][] = [['de', de]];

  it.each(others)('%s has every text, with the same values', (_, catalogue) => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en) as (keyof Catalogue)[]) {
      const [one, other] = [new Set(placeholders(en[key])), new Set(placeholders(catalogue[key]))];
      expect([...other].sort(), key).toEqual([...one].sort());
    }
  });

  it.each([['en', en as Catalogue], ...others])('%s has the plural forms that its language needs', (language, catalogue) => {
    const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, entry] of Object.entries(catalogue))
      if (typeof entry !== 'string') for (const form of needed) expect(Object.keys(entry), key).toContain(form);
  });
});
