// One table: its rows, its columns, its chunks, and how it stands to its definition.
import { Button } from "@mantine/core";
import { IconPlus, IconStethoscope } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useList, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { Badge, StateBadge, Time } from "@/kit/badges";
import { Detail as DetailPage, Facts, Section } from "@/kit/detail";
import { count, formatNumber, formatTime, words } from "@/kit/format";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { useId } from "@/kit/url";
import { RowForm } from "./row-form";
import { Rows } from "./rows";
import { Schema } from "./schema";

type TableMessage = Message<"tessera.warehouse.v1.Table">;
type TableColumn = Message<"tessera.warehouse.v1.Column">;
type Chunk = Message<"tessera.warehouse.v1.Chunk">;

const columnColumns: Column<TableColumn>[] = [
  {
    id: "attribute",
    title: "Attribute",
    width: "minmax(150px, 1fr)",
    cell: (row) => <span className="mono">{row.attribute}</span>,
  },
  { id: "type", title: "Type", width: "140px", cell: (row) => <span className="mono">{row.type}</span> },
  { id: "unit", title: "Unit", width: "70px", cell: (row) => row.unit },
  { id: "name", title: "Column", width: "minmax(140px, 1fr)", cell: (row) => <span className="mono">{row.name}</span> },
  {
    id: "is",
    title: "Is",
    width: "minmax(160px, 1fr)",
    cell: (row) => (
      <span style={{ display: "inline-flex", gap: 4 }}>
        {row.key ? <Badge tone="info">Key</Badge> : null}
        {row.time ? <Badge tone="good">Time</Badge> : null}
        {row.nullable ? <Badge>Optional</Badge> : null}
        {row.dropTime ? <Badge tone="warn">Dropped, values kept</Badge> : null}
      </span>
    ),
  },
];

const chunkColumns: Column<Chunk>[] = [
  {
    id: "start",
    title: "From",
    width: "minmax(150px, 1fr)",
    cell: (row) => (row.startTime ? formatTime(row.startTime) : "Rows without time"),
  },
  { id: "end", title: "To before", width: "minmax(150px, 1fr)", cell: (row) => formatTime(row.endTime) },
  { id: "rows", title: "Rows", width: "110px", align: "end", cell: (row) => formatNumber(row.rows ?? "0") },
  { id: "version", title: "Data version", width: "110px", align: "end", cell: (row) => row.dataVersion },
  { id: "updated", title: "Changed", width: "120px", cell: (row) => <Time value={row.updateTime} /> },
];

function Chunks({ entity }: { entity: string }) {
  const list = useList("WarehouseService_ListChunks", "chunks", { path: { entity } });
  if (list.error) return <ErrorState error={list.error} retry={() => void list.refetch()} />;
  if (!list.isPending && list.rows.length === 0)
    return (
      <EmptyState title="No chunks yet">
        Rows are cut in time as they are written; each span of time is a chunk.
      </EmptyState>
    );
  return (
    <Table
      label="Chunks"
      rows={list.rows}
      columns={chunkColumns}
      id={(row) => row.id ?? ""}
      name={(row) => row.startTime ?? ""}
      loading={list.isPending}
      hasMore={list.hasNextPage}
      loadMore={() => void list.fetchNextPage()}
      inline
    />
  );
}

export function Detail() {
  const entity = useId();
  const may = useMay();
  const client = useQueryClient();
  const query = useCall("WarehouseService_GetTable", { path: { entity } });
  const [adding, setAdding] = useState(false);
  const table: TableMessage = query.data ?? {};
  const live = (table.columns ?? []).filter((column) => !column.dropTime);
  const check = async () => {
    try {
      const found =
        (await call("WarehouseService_CheckTables", { body: { entities: [entity], repair: true } })).drifts ?? [];
      await client.invalidateQueries({ queryKey: ["warehouse"] });
      toast({
        title:
          found.length === 0
            ? "The table is as it should be"
            : `${count(found.length, "drift")} found: ${found.map((drift) => drift.description).join("; ")}`,
      });
    } catch (cause) {
      toastError("The check failed", cause);
    }
  };
  return (
    <>
      <DetailPage
        query={query}
        title={entity}
        above={{ title: "Tables", to: "/data/tables" }}
        purpose={table.problems?.length ? `It does not follow its definition: ${table.problems.join("; ")}` : undefined}
        beside={<StateBadge state={table.state} />}
        actions={
          <>
            {may("WarehouseService_WriteRecords") ? (
              <Button leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
                Add a row
              </Button>
            ) : null}
            {may("WarehouseService_CheckTables") ? (
              <Button variant="default" leftSection={<IconStethoscope size={14} />} onClick={() => void check()}>
                Check and repair
              </Button>
            ) : null}
          </>
        }
        facts={
          <Facts
            rows={[
              ["Rows", formatNumber(table.rows ?? "0")],
              ["Columns", live.length],
              ["Cut by", words(table.chunkInterval) || "not cut"],
              ["Data version", table.dataVersion],
              ["Definition", table.entityVersion ? `version ${table.entityVersion}` : undefined],
              [
                "In the database",
                <span key="name" className="mono">
                  {table.name}
                </span>,
              ],
              ["Changed", <Time key="time" value={table.updateTime} />],
              ["Made", <Time key="time" value={table.createTime} />],
            ]}
          />
        }
        tabs={[
          { id: "rows", title: "Rows", content: <Rows entity={entity} columns={live} /> },
          {
            id: "columns",
            title: "Columns",
            count: live.length,
            content: (
              <Table
                label="Columns"
                rows={table.columns ?? []}
                columns={columnColumns}
                id={(row) => row.name ?? ""}
                name={(row) => row.attribute ?? ""}
                inline
              />
            ),
          },
          { id: "chunks", title: "Chunks", content: <Chunks entity={entity} /> },
          {
            id: "schema",
            title: "Schema",
            content: (
              <Section title="Statements that make it">
                <Schema entity={entity} />
              </Section>
            ),
          },
        ]}
      />
      {adding ? <RowForm entity={entity} columns={live} close={() => setAdding(false)} /> : null}
    </>
  );
}
