// The list of schedules, of all services.
import { Link } from "@tanstack/react-router";
import type { Message } from "@/api/contract";
import { useCall } from "@/api/hooks";
import { Badge, Time } from "@/kit/badges";
import { List as ListPage } from "@/kit/table/list";
import type { Column } from "@/kit/table/table";

export type Schedule = Message<"tessera.operations.v1.Schedule">;

export const HOME = "/work/schedules";

/** Where a schedule is: its service keeps it, so both are in the address. */
export const addressOf = (row: Schedule) => `${HOME}/${row.service}~${row.id}`;

const columns: Column<Schedule>[] = [
  {
    id: "name",
    title: "Schedule",
    width: "minmax(160px, 1.4fr)",
    cell: (row) => (
      <Link to={addressOf(row)} tabIndex={-1} style={{ textDecoration: "none", fontWeight: 500 }}>
        {row.name}
      </Link>
    ),
    text: (row) => row.name,
  },
  { id: "service", title: "Service", width: "120px", cell: (row) => row.service, text: (row) => row.service },
  {
    id: "kind",
    title: "Kind",
    width: "minmax(130px, 1fr)",
    cell: (row) => <span className="mono">{row.kind}</span>,
    text: (row) => row.kind,
  },
  {
    id: "cron",
    title: "When",
    width: "minmax(130px, 1fr)",
    cell: (row) => (
      <span>
        <span className="mono">{row.cron}</span> <span className="dim">{row.timeZone || "UTC"}</span>
      </span>
    ),
    text: (row) => row.cron,
  },
  {
    id: "next",
    title: "Next",
    width: "120px",
    cell: (row) => (row.paused ? <Badge tone="warn">Paused</Badge> : <Time value={row.nextTime} />),
    text: (row) => row.nextTime,
  },
  {
    id: "last",
    title: "Last",
    width: "120px",
    cell: (row) => <Time value={row.lastTime} />,
    text: (row) => row.lastTime,
  },
];

export function List() {
  const kinds = useCall("OperationsService_ListKinds", { query: { pageSize: 500 } }, { staleTime: 60_000 }).data?.kinds;
  const services = [...new Set((kinds ?? []).map((one) => one.service ?? ""))];
  return (
    <ListPage
      title="Schedules"
      purpose="Operations that start by the calendar."
      op="OperationsService_ListSchedules"
      items="schedules"
      noun={["schedule", "schedules"]}
      columns={columns}
      name={(row) => row.name ?? ""}
      to={addressOf}
      filters={[{ name: "service", title: "Service", choices: services.map((value) => ({ value, label: value })) }]}
      query={(url) => ({ service: url.service }) as never}
      create={{ title: "New schedule", to: `${HOME}/new`, needs: "OperationsService_CreateSchedule" }}
      teach="A schedule starts an operation every night, say, or on the first of each month, in the time zone you choose."
    />
  );
}
