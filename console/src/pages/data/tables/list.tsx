// The list of tables.
import type { Message } from "@/api/contract";
import { StateBadge, Time } from "@/kit/badges";
import { choices, formatNumber, words } from "@/kit/format";
import { List as ListPage } from "@/kit/table/list";
import { type Column, linked } from "@/kit/table/table";

type Table = Message<"tessera.warehouse.v1.Table">;

const HOME = "/data/tables";

const columns: Column<Table>[] = [
  {
    ...linked<Table>(
      "Entity",
      "minmax(180px, 1.4fr)",
      (row) => row.entity,
      (row) => `${HOME}/${row.entity}`,
    ),
    id: "entity",
    sort: "entity",
  },
  {
    id: "state",
    title: "State",
    width: "130px",
    cell: (row) => <StateBadge state={row.state} />,
    text: (row) => words(row.state),
  },
  {
    id: "rows",
    title: "Rows",
    width: "110px",
    align: "end",
    sort: "rows",
    cell: (row) => formatNumber(row.rows ?? "0"),
    text: (row) => row.rows,
  },
  {
    id: "columns",
    title: "Columns",
    width: "90px",
    align: "end",
    cell: (row) => row.columns?.filter((column) => !column.dropTime).length ?? 0,
    text: (row) => row.columns?.length,
  },
  {
    id: "chunks",
    title: "Cut by",
    width: "90px",
    cell: (row) => words(row.chunkInterval),
    text: (row) => words(row.chunkInterval),
  },
  {
    id: "name",
    title: "Name in the database",
    width: "minmax(180px, 1.4fr)",
    optional: true,
    cell: (row) => <span className="mono">{row.name}</span>,
    text: (row) => row.name,
  },
  {
    id: "updated",
    title: "Changed",
    width: "120px",
    sort: "update_time",
    cell: (row) => <Time value={row.updateTime} />,
    text: (row) => row.updateTime,
  },
];

export function List() {
  return (
    <ListPage
      title="Tables"
      purpose="Where the rows of each entity are kept. Tables follow the definitions of their entities by themselves."
      op="WarehouseService_ListTables"
      items="tables"
      noun={["table", "tables"]}
      columns={columns}
      id={(row) => row.entity ?? ""}
      name={(row) => row.entity ?? ""}
      to={(row) => `${HOME}/${row.entity}`}
      search="Beginning of an entity's code"
      filters={[{ name: "state", title: "State", choices: choices("tessera.warehouse.v1.TableState") }]}
      query={(url) => ({ entityPrefix: url.q, state: url.state, orderBy: url.sort }) as never}
      teach="Every entity gets a table by itself, moments after it is defined. Rows come from imports, the API, or a simulation."
    />
  );
}
