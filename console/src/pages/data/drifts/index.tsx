// Drifts: where tables were not as they should be, and what was done about it.
import { Button } from "@mantine/core";
import { IconStethoscope } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { StateBadge, Time } from "@/kit/badges";
import { choices, count, words } from "@/kit/format";
import { List as ListPage } from "@/kit/table/list";
import type { Column } from "@/kit/table/table";

type Drift = Message<"tessera.warehouse.v1.Drift">;

const columns: Column<Drift>[] = [
  {
    id: "description",
    title: "What",
    width: "minmax(240px, 2.4fr)",
    cell: (row) => row.description,
    text: (row) => row.description,
  },
  {
    id: "entity",
    title: "Entity",
    width: "minmax(110px, 1fr)",
    cell: (row) => <Link to={`/data/tables/${row.entity}`}>{row.entity}</Link>,
    text: (row) => row.entity,
  },
  { id: "kind", title: "Kind", width: "150px", cell: (row) => words(row.kind), text: (row) => words(row.kind) },
  {
    id: "state",
    title: "State",
    width: "140px",
    cell: (row) => <StateBadge state={row.state} />,
    text: (row) => words(row.state),
  },
  {
    id: "loss",
    title: "Lost",
    width: "minmax(120px, 1fr)",
    cell: (row) => row.loss || <span className="dim">nothing</span>,
    text: (row) => row.loss,
  },
  {
    id: "sql",
    title: "Statements",
    width: "minmax(160px, 1.4fr)",
    optional: true,
    cell: (row) => <span className="mono">{row.sql?.join("; ")}</span>,
    text: (row) => row.sql?.join("; "),
  },
  {
    id: "found",
    title: "Found",
    width: "120px",
    cell: (row) => <Time value={row.createTime} />,
    text: (row) => row.createTime,
  },
  {
    id: "repaired",
    title: "Repaired",
    width: "120px",
    cell: (row) => <Time value={row.repairTime} />,
    text: (row) => row.repairTime,
  },
];

export function List() {
  const may = useMay();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const check = async () => {
    setBusy(true);
    try {
      const answer = await call("WarehouseService_CheckTables", { body: { repair: true } });
      await client.invalidateQueries({ queryKey: ["warehouse"] });
      toast({
        title: `${count(answer.checked ?? 0, "table")} checked, ${count(answer.drifts?.length ?? 0, "drift")} found`,
      });
    } catch (cause) {
      toastError("The check failed", cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <ListPage
      title="Drifts"
      purpose="Where a table was not as its definition says, and what was done about it."
      op="WarehouseService_ListDrifts"
      items="drifts"
      noun={["drift", "drifts"]}
      columns={columns}
      name={(row) => row.description ?? ""}
      filters={[
        { name: "state", title: "State", choices: choices("tessera.warehouse.v1.DriftState") },
        { name: "entity", title: "Entity" },
      ]}
      query={(url) => ({ state: url.state, entity: url.entity }) as never}
      actions={
        may("WarehouseService_CheckTables") ? (
          <Button
            variant="default"
            loading={busy}
            leftSection={<IconStethoscope size={14} />}
            onClick={() => void check()}
          >
            Check all tables now
          </Button>
        ) : null
      }
      teach="Tables are compared with their definitions and with the database every few minutes. What someone changed by hand shows up here, with its repair."
    />
  );
}
