import { useSyncExternalStore } from 'react';

/** A dialog that any part of the page may open. */
class Opener<T> {
  private value: T | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly initial: T;
  constructor(initial: T) {
    this.initial = initial;
  }
  open = (value: T = this.initial) => this.change(value);
  close = () => this.change(null);
  get = () => this.value;
  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  private change(value: T | null) {
    this.value = value;
    for (const listener of this.listeners) listener();
  }
}

/** What is to be added: files that were dropped, and links that were pasted. */
export interface ToAdd {
  files: File[];
  sources: string[];
}

export const addDialog = new Opener<ToAdd>({ files: [], sources: [] });
export const createDialog = new Opener<true>(true);
export const helpDialog = new Opener<true>(true);

export const useOpened = <T>(opener: Opener<T>): T | null => useSyncExternalStore(opener.subscribe, opener.get);
