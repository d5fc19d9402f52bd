/** What decisions are signed with where the server has no tokens: kept in this browser. */
import { useSyncExternalStore } from 'react';

const key = 'editable.name';
const listeners = new Set<() => void>();
let current = localStorage.getItem(key) ?? '';

export function setName(name: string): void {
  current = name;
  localStorage.setItem(key, name);
  for (const listener of listeners) listener();
}

export const useName = (): string =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
