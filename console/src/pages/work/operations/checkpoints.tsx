// The checkpoints of an operation, and rolling back to one.
import { Button } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useState } from "react";
import type { Message } from "@/api/contract";
import { useList, useMay } from "@/api/hooks";
import { Badge, Time } from "@/kit/badges";
import { formatNumber, words } from "@/kit/format";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import type { Operation } from "./progress";
import { RollBack } from "./rollback";

type Checkpoint = Message<"tessera.operations.v1.Checkpoint">;

/** Bytes as one says them. */
function bytes(value: string | number | undefined): string {
  const size = Number(value ?? 0);
  return size < 1024 ? `${size} B` : `${formatNumber(size / 1024, { digits: 1 })} KiB`;
}

export function Checkpoints({ operation }: { operation: Operation }) {
  const id = operation.id ?? "";
  const may = useMay();
  const [to, setTo] = useState<Checkpoint>();
  const list = useList("OperationsService_ListCheckpoints", "checkpoints", { path: { id } } as never, {
    pageSize: 100,
  });
  const rows = list.rows as Checkpoint[];
  const open = operation.state !== "OPERATION_STATE_ROLLING_BACK" && may("OperationsService_RollBackOperation");
  const columns: Column<Checkpoint>[] = [
    {
      id: "name",
      title: "Checkpoint",
      width: "minmax(150px, 1.4fr)",
      cell: (row) => (
        <>
          {row.name || words(row.type)} {row.name ? <span className="dim">{words(row.type).toLowerCase()}</span> : null}
        </>
      ),
      text: (row) => `${row.name} ${words(row.type).toLowerCase()}`,
    },
    { id: "seq", title: "After step", width: "90px", align: "end", cell: (row) => row.seq ?? 0 },
    {
      id: "size",
      title: "Kept",
      width: "minmax(120px, 1fr)",
      cell: (row) =>
        row.encoding && row.encoding !== "none"
          ? `${bytes(row.storedSize)} of ${bytes(row.size)}`
          : bytes(row.storedSize ?? row.size),
    },
    { id: "made", title: "Created", width: "120px", cell: (row) => <Time value={row.createTime} /> },
    {
      id: "until",
      title: "Expires",
      width: "90px",
      cell: (row) => (row.expired ? <Badge tone="warn">expired</Badge> : <Time value={row.expireTime} />),
    },
    {
      id: "act",
      title: "",
      width: "110px",
      align: "end",
      cell: (row) =>
        open && !row.expired ? (
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconArrowBackUp size={13} />}
            onClick={(event) => {
              event.stopPropagation();
              setTo(row);
            }}
          >
            Roll back
          </Button>
        ) : null,
    },
  ];
  if (list.error && rows.length === 0)
    return (
      <ErrorState error={list.error} retry={() => void list.refetch()} title="Its checkpoints are not here just now" />
    );
  if (!list.isPending && rows.length === 0)
    return (
      <EmptyState title="No checkpoints yet">
        A checkpoint saves where the operation is, so that it can be rolled back to there. It makes some by itself.
      </EmptyState>
    );
  return (
    <>
      <Table
        label="Checkpoints"
        rows={rows}
        columns={columns}
        id={(row) => row.id ?? ""}
        name={(row) => row.name || words(row.type)}
        loading={list.isPending}
        hasMore={list.hasNextPage && !list.isFetchingNextPage}
        loadMore={() => void list.fetchNextPage()}
        inline
      />
      {to ? <RollBack operation={operation} to={to} close={() => setTo(undefined)} /> : null}
    </>
  );
}
