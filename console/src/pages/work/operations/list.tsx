// The list of operations, the newest first, with progress as it comes.
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useCall } from "@/api/hooks";
import { StateBadge, Tags, Time } from "@/kit/badges";
import { choices, words } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { List as ListPage } from "@/kit/table/list";
import type { Column } from "@/kit/table/table";
import { HOME } from "./home";
import { type Operation, OperationProgress, useFresh } from "./progress";

const columns: Column<Operation>[] = [
  {
    id: "title",
    title: "Operation",
    width: "minmax(200px, 2fr)",
    cell: (row) => (
      <Link to={`${HOME}/${row.id}`} tabIndex={-1} style={{ textDecoration: "none", fontWeight: 500 }}>
        {row.title || row.kind}
      </Link>
    ),
    text: (row) => row.title || row.kind,
  },
  {
    id: "state",
    title: "State",
    width: "130px",
    cell: (row) => <StateBadge state={row.state} />,
    text: (row) => words(row.state),
  },
  {
    id: "progress",
    title: "Progress",
    width: "minmax(240px, 1.2fr)",
    cell: (row) => <OperationProgress operation={row} />,
    text: (row) => `${row.progress?.done ?? 0}/${row.progress?.total ?? 0}`,
  },
  {
    id: "service",
    title: "Service",
    width: "120px",
    cell: (row) => row.service,
    text: (row) => row.service,
  },
  {
    id: "kind",
    title: "Kind",
    width: "minmax(130px, 1fr)",
    optional: true,
    cell: (row) => <span className="mono">{row.kind}</span>,
    text: (row) => row.kind,
  },
  {
    id: "actor",
    title: "Started by",
    width: "minmax(110px, 1fr)",
    cell: (row) => <Actor of={row.actor} />,
    text: (row) => row.actor,
  },
  {
    id: "level",
    title: "Level",
    width: "120px",
    optional: true,
    cell: (row) => words(row.securityLevel),
    text: (row) => words(row.securityLevel),
  },
  {
    id: "tags",
    title: "Compliance",
    width: "minmax(110px, 1fr)",
    optional: true,
    cell: (row) => <Tags tags={row.complianceTags} />,
    text: (row) => row.complianceTags?.join(" "),
  },
  {
    id: "created",
    title: "Asked for",
    width: "120px",
    cell: (row) => <Time value={row.createTime} />,
    text: (row) => row.createTime,
  },
];

const spans = [
  { value: "1", label: "Last hour", hours: 1 },
  { value: "24", label: "Last day", hours: 24 },
  { value: "168", label: "Last week", hours: 168 },
  { value: "720", label: "Last 30 days", hours: 720 },
];

/** The begin of a span before now, at a full minute, so that it stays the same from one moment to the next. */
function since(span: string | undefined): string | undefined {
  const hours = spans.find((one) => one.value === span)?.hours;
  if (hours === undefined) return undefined;
  return new Date(Math.floor(Date.now() / 60_000) * 60_000 - hours * 3_600_000).toISOString();
}

export function List() {
  const kinds = useCall("OperationsService_ListKinds", { query: { pageSize: 500 } }, { staleTime: 60_000 }).data?.kinds;
  useFresh(true, [["operations", "OperationsService_ListOperations"]]);
  const filters = useMemo(() => {
    const known = kinds ?? [];
    const services = [...new Set(known.map((one) => one.service ?? ""))];
    return [
      { name: "states", title: "State", choices: choices("tessera.operations.v1.OperationState"), many: true },
      { name: "service", title: "Service", choices: services.map((value) => ({ value, label: value })) },
      {
        name: "kind",
        title: "Kind",
        choices: known.map((one) => ({ value: one.name ?? "", label: one.title || (one.name ?? "") })),
      },
      { name: "tag", title: "Compliance tag" },
      { name: "span", title: "Asked for", choices: spans },
      { name: "parent", title: "Parent operation" },
      { name: "schedule", title: "Schedule" },
      { name: "correlation", title: "Correlation" },
    ];
  }, [kinds]);
  return (
    <ListPage
      title="Operations"
      purpose="Long-running work of all services. It survives restarts, and can be followed, cancelled and rolled back."
      op="OperationsService_ListOperations"
      items="operations"
      noun={["operation", "operations"]}
      columns={columns}
      name={(row) => row.title || (row.kind ?? "")}
      to={(row) => `${HOME}/${row.id}`}
      filters={filters}
      query={(url) =>
        ({
          states: url.states?.split(","),
          service: url.service,
          kind: url.kind,
          complianceTag: url.tag,
          createTimeFrom: since(url.span),
          parentId: url.parent,
          scheduleId: url.schedule,
          correlationId: url.correlation,
        }) as never
      }
      teach="Imports, generated worlds, changes of tables and other long work are listed here as soon as somebody starts them."
    />
  );
}
