// A value outside of React that components can follow.
import { useSyncExternalStore } from "react";

export interface Store<T> {
  get(): T;
  set(next: T | ((now: T) => T)): void;
  subscribe(listener: () => void): () => void;
}

/** A store that begins with `first`. */
export function store<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      value = typeof next === "function" ? (next as (now: T) => T)(value) : next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A store that outlives the page, under a key of this browser's storage, shared by its tabs. */
export function kept<T>(key: string, first: T): Store<T> {
  const read = (): T => {
    try {
      const text = localStorage.getItem(key);
      return text === null ? first : (JSON.parse(text) as T);
    } catch {
      return first;
    }
  };
  const inner = store<T>(read());
  window.addEventListener("storage", (event) => {
    if (event.key === key) inner.set(read());
  });
  return {
    ...inner,
    set(next) {
      inner.set(next);
      try {
        localStorage.setItem(key, JSON.stringify(inner.get()));
      } catch {
        // Full or forbidden: it holds until the page closes.
      }
    },
  };
}

/** The value of a store, followed. */
export function useStore<T>(from: Store<T>): T {
  return useSyncExternalStore(from.subscribe, from.get);
}
