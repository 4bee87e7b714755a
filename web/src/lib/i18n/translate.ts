import type { en } from './en';

/** A text that depends on a number: one form for each plural category that the language has. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Every language has the same keys, each as plain text or as plural forms where English has them. */
export type Catalogue = { [Key in keyof typeof en]: (typeof en)[Key] extends string ? string : Plural };

export type TextKey = keyof Catalogue;

type Placeholders<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type FormsOf<Key extends TextKey> = (typeof en)[Key] extends string ? (typeof en)[Key] : (typeof en)[Key][keyof (typeof en)[Key]];
type Values<Key extends TextKey> = Placeholders<FormsOf<Key>> | ((typeof en)[Key] extends string ? never : 'count');

/** The values that a text needs; TypeScript asks for exactly those that stand in the English one. */
export type TextArguments<Key extends TextKey> = [Values<Key>] extends [never] ? [] : [values: Record<Values<Key>, string | number>];

export type Translate = <Key extends TextKey>(key: Key, ...values: TextArguments<Key>) => string;

/** Makes the function that gives a language's texts; numbers in them are written as the language writes them. */
export function translator(locale: string, catalogue: Catalogue): Translate {
  const plural = new Intl.PluralRules(locale);
  const number = new Intl.NumberFormat(locale);
  return (key, ...[values]) => {
    const entry: string | Plural = catalogue[key];
    const text =
      typeof entry === 'string' ? entry : (entry[plural.select(Number((values as Record<string, number>).count))] ?? entry.other);
    if (values === undefined) return text;
    return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
      const value = (values as Record<string, string | number>)[name];
      return value === undefined ? placeholder : typeof value === 'number' ? number.format(value) : value;
    });
  };
}
