// A list within a page, such as the one of a tab: its rows as they come and how many there are, and what stands there
// while there are none.
import type { ReactNode } from "react";
import { count } from "../format";
import { EmptyState, ErrorState } from "../states";
import { Table, type TableProps } from "./table";

/** Rows that come page by page, as `useList` has them. */
export interface Listing<T> {
  rows: T[];
  error: unknown;
  isPending: boolean;
  isPlaceholderData: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

/** Rows that are all there. */
export function listing<T>(rows: T[]): Listing<T> {
  const nothing = () => undefined;
  return {
    rows,
    error: null,
    isPending: false,
    isPlaceholderData: false,
    hasNextPage: false,
    isFetchingNextPage: false,
    fetchNextPage: nothing,
    refetch: nothing,
  };
}

type Given = "rows" | "loading" | "stale" | "hasMore" | "loadMore" | "inline";

interface Props<T> extends Omit<TableProps<T>, Given> {
  list: Listing<T>;
  /** One of them, and many. */
  noun: [string, string];
  /** The heading while there are none. */
  none: string;
  /** What is said below it. */
  children: ReactNode;
}

export function Listed<T>({ list, noun, none, children, ...table }: Props<T>) {
  const { rows, error, isPending, hasNextPage } = list;
  if (error && rows.length === 0) return <ErrorState error={error} retry={() => void list.refetch()} />;
  if (!isPending && rows.length === 0) return <EmptyState title={none}>{children}</EmptyState>;
  return (
    <>
      <Table
        {...table}
        rows={rows}
        loading={isPending}
        stale={list.isPlaceholderData}
        hasMore={hasNextPage && !list.isFetchingNextPage}
        loadMore={() => void list.fetchNextPage()}
        inline
      />
      <p className="dim num" role="status" style={{ margin: "8px 0 0" }}>
        {isPending ? "" : `${count(rows.length, noun[0], noun[1])}${hasNextPage ? " and more" : ""}`}
      </p>
    </>
  );
}
