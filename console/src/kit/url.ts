// State that lives in the address: filters, tabs, selections. Back always works, and a link shows what one sees.
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

type Search = Record<string, string | undefined>;

/** The whole search part of the address. */
export function useUrl(): [Search, (change: Search, options?: { replace?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = useCallback(
    (change: Search, options: { replace?: boolean } = {}) => {
      void navigate({
        to: ".",
        search: ((now: Search) => ({ ...now, ...change })) as never,
        replace: options.replace ?? false,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, set];
}

/** One value of it; the default is not written. */
export function useUrlState(name: string, first = ""): [string, (next: string) => void] {
  const [search, set] = useUrl();
  const write = useCallback((next: string) => set({ [name]: next === first ? undefined : next }), [name, first, set]);
  return [search[name] ?? first, write];
}

/** What stands for `$id` in the address. */
export function useId(): string {
  return (useParams({ strict: false }) as { id?: string }).id ?? "";
}
