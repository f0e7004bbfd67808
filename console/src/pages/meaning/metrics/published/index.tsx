// What a metric was said to be: its publications, the values they told by period, and publishing it once more.
import { Button, Group } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Message } from "@/api/contract";
import { useList, useMay } from "@/api/hooks";
import { Time } from "@/kit/badges";
import { Chart } from "@/kit/chart/chart";
import { formatValue } from "@/kit/chart/value";
import { count } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { Drawn } from "./drawer";
import { Publish } from "./publish";
import { type Publication, spanWords, told } from "./told";

type Metric = Message<"tessera.metadata.v1.Metric">;
const columns = (metric: Metric): Column<Publication>[] => [
  { id: "at", title: "Published", width: "120px", cell: (row) => <Time value={row.createTime} /> },
  {
    id: "span",
    title: "Of",
    width: "minmax(160px, 1.4fr)",
    cell: spanWords,
    text: spanWords,
  },
  {
    id: "value",
    title: "Value",
    width: "minmax(80px, 1fr)",
    align: "end",
    cell: (row) =>
      row.totalSize === 1
        ? formatValue(row.value?.number, row.format || metric.format, row.unit || metric.unit)
        : count(Number(row.totalSize ?? 0), "row"),
  },
  {
    id: "by",
    title: "Grouped by",
    width: "minmax(100px, 1fr)",
    cell: (row) => row.question?.dimensions?.join(", ") || <span className="dim">–</span>,
  },
  { id: "version", title: "Definition", width: "90px", align: "end", cell: (row) => `v${row.metricVersion ?? 0}` },
  { id: "who", title: "By", width: "minmax(110px, 1fr)", cell: (row) => <Actor of={row.actor} /> },
];

/** A schedule that publishes the month before on the first of each month, to be changed before it is made. */
function monthly(metric: Metric) {
  return {
    name: `Publish ${metric.name}`,
    service: "calculation",
    kind: "calculation.publish",
    cron: "0 4 1 * *",
    input: JSON.stringify({ metric: metric.code, last_periods: 1, grain: "month" }),
  };
}

export function Published({ metric }: { metric: Metric }) {
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const [open, setOpen] = useState<Publication>();
  const code = metric.code ?? "";
  const allowed = may("CalculationService_ListPublications");
  const list = useList("CalculationService_ListPublications", "publications", { query: { metric: code } } as never, {
    pageSize: 50,
    enabled: allowed && code !== "",
  });
  const past = useList("CalculationService_ListMetricHistory", "rows", { path: { metric: code } } as never, {
    pageSize: 1000,
    enabled: allowed && code !== "",
  });
  if (!allowed)
    return (
      <EmptyState title="You may not see what was published">
        An administrator can give you the permission calculation.publications.read.
      </EmptyState>
    );
  const rows = list.rows as Publication[];
  if (list.error && rows.length === 0)
    return <ErrorState error={list.error} retry={() => void list.refetch()} title="What was published is not here" />;
  const actions = (
    <Group gap={8}>
      {may("CalculationService_CreatePublication") ? (
        <Button leftSection={<IconSend size={14} />} onClick={() => setAsking(true)}>
          Publish
        </Button>
      ) : null}
      {may("OperationsService_CreateSchedule") ? (
        <Button component={Link} to="/work/schedules/new" search={monthly(metric) as never} variant="default">
          Publish on a schedule
        </Button>
      ) : null}
    </Group>
  );
  const dialog = asking ? <Publish metric={metric} close={() => setAsking(false)} /> : null;
  if (!list.isPending && rows.length === 0)
    return (
      <>
        <EmptyState title="Nothing was published yet" action={actions}>
          A published value stays as it was told, with how it came about, whatever becomes of rows and definitions. It
          is told to other systems too.
        </EmptyState>
        {dialog}
      </>
    );
  const drawn = told(past.rows as Message<"tessera.calculation.v1.MetricHistoryRow">[]);
  return (
    <>
      <div style={{ marginBottom: 12 }}>{actions}</div>
      {drawn.axis.length > 1 ? (
        <Chart
          label={`What was published of ${metric.name}, the latest word on each period`}
          axis={drawn.axis}
          series={[{ name: metric.name ?? code, values: drawn.values }]}
          format={metric.format}
          unit={rows[0]?.unit || metric.unit}
          height={220}
        />
      ) : null}
      <Table
        label="Publications"
        rows={rows}
        columns={columns(metric)}
        id={(row) => row.id ?? ""}
        name={(row) => `${spanWords(row)} ${row.createTime}`}
        onRow={setOpen}
        loading={list.isPending}
        hasMore={list.hasNextPage && !list.isFetchingNextPage}
        loadMore={() => void list.fetchNextPage()}
        inline
      />
      {open ? <Drawn metric={metric} of={open} close={() => setOpen(undefined)} /> : null}
      {dialog}
    </>
  );
}
