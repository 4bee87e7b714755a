import { useEffect, useRef } from 'react';
import type { TextKey } from './i18n/translate';

/** What can be done by a key anywhere, unless a text is being typed or a dialog is open. */
export const shortcuts = {
  help: { keys: ['?'], text: 'keys.help' },
  search: { keys: ['/', 'Ctrl+F'], text: 'keys.search' },
  add: { keys: ['N'], text: 'keys.add' },
  create: { keys: ['C'], text: 'keys.create' },
  all: { keys: ['Ctrl+A'], text: 'keys.all' },
  toggle: { keys: ['P'], text: 'keys.toggle' },
  remove: { keys: ['Delete'], text: 'keys.remove' },
  recheck: { keys: ['R'], text: 'keys.recheck' },
  rename: { keys: ['F2'], text: 'keys.rename' },
  details: { keys: ['D'], text: 'keys.details' },
  grid: { keys: ['G'], text: 'keys.grid' },
  torrents: { keys: ['1'], text: 'keys.torrents' },
  statistics: { keys: ['2'], text: 'keys.statistics' },
  settings: { keys: ['3', ','], text: 'keys.settings' },
} as const satisfies Record<string, { keys: readonly string[]; text: TextKey }>;

export type Shortcut = keyof typeof shortcuts;

/** Keys that the grid handles itself; here for the page that lists all keys. */
export const gridKeys = [
  { keys: ['↑', '↓', 'PageUp', 'PageDown', 'Home', 'End'], text: 'keys.gridMove' },
  { keys: ['Shift+↑', 'Shift+↓'], text: 'keys.gridExtend' },
  { keys: ['Ctrl+↑', 'Ctrl+↓'], text: 'keys.gridGo' },
  { keys: ['Space'], text: 'keys.gridToggle' },
  { keys: ['Escape'], text: 'keys.gridNone' },
  { keys: ['Enter'], text: 'keys.gridOpen' },
  { keys: ['Shift+F10'], text: 'keys.gridMenu' },
  { keys: ['Alt+←', 'Alt+→'], text: 'keys.headResize' },
  { keys: ['Alt+Shift+←', 'Alt+Shift+→'], text: 'keys.headMove' },
] as const satisfies readonly { keys: readonly string[]; text: TextKey }[];

/** A pressed key as the map above writes it: `Ctrl+F`, `?`, `Delete`. Cmd counts as Ctrl. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string {
  const key = event.key.length === 1 ? event.key.toLocaleUpperCase('en') : event.key;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${key}`;
}

const byKey = new Map<string, Shortcut>(
  (Object.keys(shortcuts) as Shortcut[]).flatMap((name) => shortcuts[name].keys.map((key): [string, Shortcut] => [key, name])),
);

export const shortcutOf = (event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): Shortcut | undefined =>
  byKey.get(keyName(event));

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.tagName === 'TEXTAREA' ||
    target.tagName === 'SELECT' ||
    (target.tagName === 'INPUT' && !/^(checkbox|radio|button)$/.test((target as HTMLInputElement).type)));

/** Handles the keys of the map while the component is shown. */
export function useShortcuts(handlers: Partial<Record<Shortcut, () => void>>): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector('[role=dialog], [role=menu]')) return;
      const name = shortcutOf(event);
      const handler = name && latest.current[name];
      if (!handler) return;
      event.preventDefault();
      handler();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
