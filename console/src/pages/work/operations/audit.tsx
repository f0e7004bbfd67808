// Who changed an operation, what, when, and how it ended.
import type { Message } from "@/api/contract";
import { useList } from "@/api/hooks";
import { Badge, Time, type Tone } from "@/kit/badges";
import { words } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";

type Entry = Message<"tessera.operations.v1.AuditEntry">;

const tones: Record<string, Tone> = {
  AUDIT_OUTCOME_DONE: "good",
  AUDIT_OUTCOME_REFUSED: "bad",
  AUDIT_OUTCOME_ASKED: "warn",
};

/** What an entry says besides, in words: `reason: lunch · from: running`. */
export function detailOf(text: string | undefined): string {
  try {
    const detail = JSON.parse(text ?? "{}") as Record<string, unknown>;
    return Object.entries(detail)
      .filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0))
      .map(
        ([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
      )
      .join(" · ");
  } catch {
    return text ?? "";
  }
}

const columns: Column<Entry>[] = [
  { id: "at", title: "When", width: "160px", cell: (row) => <Time value={row.createTime} exact /> },
  { id: "who", title: "Who", width: "minmax(110px, 1fr)", cell: (row) => <Actor of={row.actor} /> },
  { id: "what", title: "What", width: "140px", cell: (row) => words(row.action) },
  {
    id: "outcome",
    title: "Outcome",
    width: "110px",
    cell: (row) => <Badge tone={tones[row.outcome ?? ""] ?? "plain"}>{words(row.outcome)}</Badge>,
  },
  {
    id: "detail",
    title: "Details",
    width: "minmax(160px, 2fr)",
    cell: (row) => [row.failure, detailOf(row.detail)].filter(Boolean).join(" · "),
    text: (row) => [row.failure, detailOf(row.detail)].filter(Boolean).join(" · "),
  },
];

export function Audit({ query }: { query: { operationId?: string; scheduleId?: string } }) {
  const list = useList("OperationsService_ListAuditEntries", "entries", { query } as never, { pageSize: 100 });
  const rows = list.rows as Entry[];
  if (list.error && rows.length === 0) return <ErrorState error={list.error} retry={() => void list.refetch()} />;
  if (!list.isPending && rows.length === 0)
    return (
      <EmptyState title="Nobody has changed it">What people do to it is listed here, with its outcome.</EmptyState>
    );
  return (
    <Table
      label="Changes"
      rows={rows}
      columns={columns}
      id={(row) => row.id ?? ""}
      name={(row) => `${words(row.action)} ${words(row.outcome)}`}
      loading={list.isPending}
      hasMore={list.hasNextPage && !list.isFetchingNextPage}
      loadMore={() => void list.fetchNextPage()}
      inline
    />
  );
}
