import { useSyncExternalStore } from 'react';
import type { ConnectionState } from '@/lib/eventStream';

let state: ConnectionState = 'connecting';
const listeners = new Set<() => void>();

/** How the connection to the daemon stands, as the stream of the list tells. */
export const connection = {
  set(next: ConnectionState): void {
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener();
  },
  get: (): ConnectionState => state,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export const useConnection = (): ConnectionState => useSyncExternalStore(connection.subscribe, connection.get);
