// The rows of a table: narrowed by a condition in the metric language, ordered by any column, changed and deleted.
import { ActionIcon, Button, TextInput, Tooltip } from "@mantine/core";
import { IconDownload, IconFilter, IconPencil } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { all, call, newRequestId } from "@/api/client";
import type { Message } from "@/api/contract";
import { useList, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { Confirm } from "@/kit/confirm";
import { count } from "@/kit/format";
import { EmptyState, ErrorState } from "@/kit/states";
import { save, toCsv } from "@/kit/table/csv";
import { type Column, Table } from "@/kit/table/table";
import { useUrl } from "@/kit/url";
import { RowForm } from "./row-form";
import classes from "./tables.module.css";

type TableColumn = Message<"tessera.warehouse.v1.Column">;
type Row = Message<"tessera.warehouse.v1.Record">;

/** A value of a row as text. */
export function cellText(row: Row, attribute: string): string {
  const value = (row.values as Record<string, unknown> | undefined)?.[attribute];
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** More rows than these are no longer one file for a person. */
const MOST_EXPORTED = 100_000;

export function Rows({ entity, columns }: { entity: string; columns: TableColumn[] }) {
  const may = useMay();
  const client = useQueryClient();
  const [url, setUrl] = useUrl();
  const [text, setText] = useState(url.where ?? "");
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [editing, setEditing] = useState<Row | null>(null);
  const [asking, setAsking] = useState(false);
  const [exporting, setExporting] = useState(false);
  const where = url.where ?? "";
  const list = useList("WarehouseService_ListRecords", "records", {
    path: { entity },
    query: { where, orderBy: url.sort ?? "", countTotal: true } as never,
  });
  const total = (list.data?.pages[0] as { totalSize?: string } | undefined)?.totalSize;
  const shown: Column<Row>[] = columns.map((column, index) => ({
    id: column.attribute ?? "",
    title: column.attribute ?? "",
    width: index === 0 ? "minmax(130px, 1.2fr)" : "minmax(104px, 1fr)",
    align: /^(integer|decimal|double)/.test(column.type ?? "") ? "end" : undefined,
    sort: column.type === "json" ? undefined : column.attribute,
    cell: (row) => cellText(row, column.attribute ?? "") || <span className="dim">–</span>,
  }));
  if (may("WarehouseService_UpdateRecords")) {
    shown.push({
      id: "edit",
      title: "",
      width: "44px",
      cell: (row) => (
        <ActionIcon
          size={24}
          aria-label={`Edit the row ${cellText(row, columns[0]?.attribute ?? "")}`}
          onClick={() => setEditing(row)}
        >
          <IconPencil size={14} />
        </ActionIcon>
      ),
    });
  }
  const mayDelete = may("WarehouseService_DeleteRecords");
  const exportCsv = async () => {
    setExporting(true);
    try {
      const asked = { path: { entity }, query: { where, orderBy: url.sort ?? "" } } as never;
      const found =
        chosen.size > 0
          ? (list.rows as Row[]).filter((row) => chosen.has(row.id ?? ""))
          : ((await all("WarehouseService_ListRecords", "records", asked, MOST_EXPORTED)) as Row[]);
      const names = columns.map((column) => column.attribute ?? "");
      const text = toCsv([names, ...found.map((row) => names.map((name) => cellText(row, name)))]);
      save(`${entity}.csv`, new Blob([text], { type: "text/csv" }));
      const cut = found.length >= MOST_EXPORTED && Number(total ?? 0) > found.length;
      toast({
        tone: cut ? "info" : "good",
        title: `${count(found.length, "row")} exported`,
        text: cut
          ? `The table has ${count(Number(total), "row")}. Narrow them with a condition, and export the parts.`
          : undefined,
      });
    } catch (cause) {
      toastError("The export failed", cause);
    } finally {
      setExporting(false);
    }
  };
  return (
    <>
      <form
        className={classes.where}
        onSubmit={(event) => {
          event.preventDefault();
          setUrl({ where: text.trim() || undefined });
        }}
      >
        <TextInput
          size="xs"
          className={classes.condition}
          classNames={{ input: "mono" }}
          aria-label="Only rows where"
          placeholder="status = 'Active' and premium > 100"
          leftSection={<IconFilter size={14} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" variant="default">
          Apply
        </Button>
        {where ? (
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            onClick={() => {
              setText("");
              setUrl({ where: undefined });
            }}
          >
            Clear
          </Button>
        ) : null}
        <span className={classes.count} role="status">
          {total === undefined ? "" : count(Number(total), "row")}
        </span>
        <Tooltip label={chosen.size > 0 ? "Export the chosen as CSV" : "Export as CSV"}>
          <ActionIcon
            aria-label={chosen.size > 0 ? "Export the chosen as CSV" : "Export as CSV"}
            loading={exporting}
            disabled={list.rows.length === 0}
            onClick={() => void exportCsv()}
          >
            <IconDownload size={16} />
          </ActionIcon>
        </Tooltip>
        {mayDelete && chosen.size > 0 ? (
          <Button size="xs" variant="default" onClick={() => setAsking(true)}>
            Delete {count(chosen.size, "row")}
          </Button>
        ) : null}
      </form>
      {list.error ? (
        <ErrorState error={list.error} retry={() => void list.refetch()} />
      ) : !list.isPending && list.rows.length === 0 ? (
        <EmptyState title={where ? "No row fits" : "No rows yet"}>
          {where
            ? "There may be some outside of this condition."
            : "Add a row here, send rows to the API, or start a simulation."}
        </EmptyState>
      ) : (
        <Table
          label={`Rows of ${entity}`}
          rows={list.rows as Row[]}
          columns={shown}
          id={(row) => row.id ?? ""}
          name={(row) => cellText(row, columns[0]?.attribute ?? "")}
          sort={url.sort ?? ""}
          onSort={(sort) => setUrl({ sort: sort || undefined }, { replace: true })}
          chosen={mayDelete ? chosen : undefined}
          onChoose={mayDelete ? setChosen : undefined}
          loading={list.isPending}
          stale={list.isPlaceholderData}
          hasMore={list.hasNextPage && !list.isFetchingNextPage}
          loadMore={() => void list.fetchNextPage()}
          inline
        />
      )}
      {editing ? <RowForm entity={entity} columns={columns} row={editing} close={() => setEditing(null)} /> : null}
      {asking ? (
        <Confirm
          title={`Delete ${count(chosen.size, "row")} of ${entity}?`}
          action={`Delete ${count(chosen.size, "row")}`}
          danger
          close={() => setAsking(false)}
          run={async () => {
            const answer = await call("WarehouseService_DeleteRecords", {
              path: { entity },
              body: { ids: [...chosen], requestId: newRequestId() } as never,
            });
            toast({ title: `${count(Number(answer.deleted ?? 0), "row")} deleted` });
            setChosen(new Set());
            await client.invalidateQueries({ queryKey: ["warehouse"] });
          }}
        >
          Metrics that read them change at once. This cannot be undone.
        </Confirm>
      ) : null}
    </>
  );
}
