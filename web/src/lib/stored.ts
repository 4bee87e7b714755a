import { useCallback, useSyncExternalStore } from 'react';

/** A setting of this browser, kept in its local storage; all users of one key see a change at once. */
export class StoredValue<T> {
  private value: T;
  private readonly listeners = new Set<() => void>();
  private readonly key: string;

  constructor(key: string, initial: T, isValid: (value: unknown) => value is T) {
    this.key = `spate.${key}`;
    this.value = initial;
    try {
      const text = localStorage.getItem(this.key);
      const stored: unknown = text === null ? undefined : JSON.parse(text);
      if (isValid(stored)) this.value = stored;
    } catch {
      // Storage is switched off, or holds what this version does not know: the initial value holds.
    }
  }

  get = (): T => this.value;

  set = (value: T): void => {
    this.value = value;
    try {
      localStorage.setItem(this.key, JSON.stringify(value));
    } catch {
      // It lasts as long as the page.
    }
    for (const listener of this.listeners) listener();
  };

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function useStored<T>(stored: StoredValue<T>): [T, (value: T | ((previous: T) => T)) => void] {
  const value = useSyncExternalStore(stored.subscribe, stored.get);
  const set = useCallback(
    (next: T | ((previous: T) => T)) => stored.set(typeof next === 'function' ? (next as (previous: T) => T)(stored.get()) : next),
    [stored],
  );
  return [value, set];
}
