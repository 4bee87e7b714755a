import { describe, expect, it } from 'vitest';
import { gridKeys, shortcutOf, shortcuts } from './keyboard';

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) =>
  shortcutOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...held });

describe('shortcutOf', () => {
  it('knows keys in both cases, and Cmd as Ctrl', () => {
    expect(press('n')).toBe('add');
    expect(press('N')).toBe('add');
    expect(press('?')).toBe('help');
    expect(press('f', { metaKey: true })).toBe('search');
  });

  it('leaves the browser its own keys', () => {
    expect(press('n', { ctrlKey: true })).toBeUndefined();
    expect(press('r', { ctrlKey: true })).toBeUndefined();
    expect(press('d', { altKey: true })).toBeUndefined();
  });

  it('has one meaning for each key', () => {
    const keys = [...Object.values(shortcuts).flatMap(({ keys }) => keys), ...gridKeys.flatMap(({ keys }) => keys)];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
