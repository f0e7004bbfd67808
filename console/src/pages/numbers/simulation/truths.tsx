// What is true by construction beside what the metric says of the rows: they must agree.
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useList, useMay } from "@/api/hooks";
import { Badge } from "@/kit/badges";
import { Chart } from "@/kit/chart/chart";
import { formatNumber } from "@/kit/format";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { useUrlState } from "@/kit/url";
import { hasEnded, type Run } from "./progress";
import classes from "./simulation.module.css";

type Truth = Message<"tessera.simulation.v1.Truth">;
type Value = Message<"tessera.calculation.v1.Value">;

/** The nearest number of an exact value, which may be a fraction; null where there is none. */
export function nearest(value: string | undefined): number | null {
  if (!value) return null;
  const [above, below] = value.split("/");
  return below ? Number(above) / Number(below) : Number(above);
}

/** Whether the metric says what is true: by fraction or digits where they are exact, else within 1e-12. */
export function agrees(truth: string | undefined, value: Value | undefined): boolean {
  if (!value) return false;
  if (!truth) return value.text === undefined;
  if (value.fraction === truth || value.text === truth) return true;
  const [a, b] = [nearest(truth), nearest(value.fraction || value.text)];
  return a !== null && b !== null && Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(a));
}

/** The length of a truth's span in days; 0 of one that speaks of all time. */
const days = (truth: Truth): number =>
  truth.start && truth.end ? Math.round((Date.parse(truth.end) - Date.parse(truth.start)) / 86_400_000) : 0;

/**
 * The truths of the periods that there are most of, all of one kind: a month's total among its days would be a peak that
 * never was. The last period of a world may be cut short, and is one of them.
 */
export function finest<T extends { truth: Truth }>(rows: T[]): T[] {
  const lengths = rows.map(({ truth }) => days(truth)).filter((length) => length > 0);
  const usual = lengths.sort((one, other) => one - other)[Math.floor((lengths.length - 1) / 2)] ?? 0;
  // Months are of 28 to 31 days.
  return rows.filter(({ truth }) => days(truth) > 0 && days(truth) <= usual * 1.15);
}

/** The results of a metric for the periods of its truths, a batch at a time. */
async function results(truths: Truth[], signal: AbortSignal): Promise<(Value | undefined)[]> {
  const found: (Value | undefined)[] = [];
  for (let at = 0; at < truths.length; at += 100) {
    const requests = truths.slice(at, at + 100).map((truth) => ({
      metric: truth.metric,
      start: truth.start,
      end: truth.end,
      snapshotSelection: "SNAPSHOT_SELECTION_EXACT",
      filters: Object.entries(truth.dimensions ?? {}).map(([attribute, value]) => ({
        attribute,
        operator: "FILTER_OPERATOR_EQUAL",
        values: [value],
      })),
    }));
    const answer = await call("CalculationService_CalculateBatch", { body: { requests } as never }, { signal });
    for (const one of answer.results ?? []) found.push(one.response?.rows?.[0]?.value);
  }
  return found;
}

interface Compared {
  truth: Truth;
  value?: Value;
  index: number;
}

/** What a truth is put together from; not every scenario says. */
const figures: Column<Compared> = {
  id: "figures",
  title: "Made of",
  width: "minmax(120px, 1.6fr)",
  cell: ({ truth }) =>
    Object.entries(truth.figures ?? {})
      .map(([name, value]) => `${name} ${formatNumber(value)}`)
      .join(", "),
};

export function Truths({ run, metrics }: { run: Run; metrics: string[] }) {
  const may = useMay();
  const [metric, setMetric] = useUrlState("metric", metrics[0] ?? "");
  const list = useList(
    "SimulationService_ListTruths",
    "truths",
    { path: { id: run.id ?? "" }, query: { metric: metric || undefined } as never },
    { enabled: Boolean(run.id), pageSize: 500 },
  );
  const truths = (list.rows as Truth[]).filter((truth) => !metric || truth.metric === metric);
  const complete = hasEnded(run) && run.state === "RUN_STATE_SUCCEEDED";
  const compared = useQuery({
    queryKey: ["calculation", "truths", run.id, metric, run.state, truths.length],
    enabled: complete && truths.length > 0 && may("CalculationService_CalculateBatch"),
    queryFn: ({ signal }) => results(truths, signal),
  });
  if (list.error) return <ErrorState error={list.error} retry={() => void list.refetch()} />;
  const rows: Compared[] = truths.map((truth, index) => ({ truth, value: compared.data?.[index], index }));
  const overall = finest(rows.filter(({ truth }) => Object.keys(truth.dimensions ?? {}).length === 0));
  const columns: Column<Compared>[] = [
    {
      id: "period",
      title: "Period",
      width: "minmax(204px, 1.2fr)",
      cell: ({ truth }) => (truth.start ? `${truth.start} to ${truth.end}` : "all"),
    },
    {
      id: "of",
      title: "Of",
      width: "minmax(80px, 1fr)",
      cell: ({ truth }) =>
        Object.entries(truth.dimensions ?? {})
          .map(([, value]) => value)
          .join(", ") || <span className="dim">all</span>,
    },
    {
      id: "truth",
      title: "Truth",
      width: "96px",
      align: "end",
      cell: ({ truth }) => <span className="num">{truth.value || "–"}</span>,
    },
    {
      id: "result",
      title: "Result",
      width: "110px",
      align: "end",
      cell: ({ value }) => (
        <span className="num">{value ? value.fraction || value.text || "–" : compared.isFetching ? "…" : "–"}</span>
      ),
    },
    {
      id: "agrees",
      title: "",
      width: "92px",
      cell: ({ truth, value }) =>
        value ? (
          <Badge tone={agrees(truth.value, value) ? "good" : "bad"}>
            {agrees(truth.value, value) ? "Agrees" : "Differs"}
          </Badge>
        ) : null,
    },
    ...(rows.some(({ truth }) => Object.keys(truth.figures ?? {}).length > 0) ? [figures] : []),
  ];
  return (
    <>
      {metrics.length > 1 ? (
        <div className={classes.metrics}>
          <Select
            size="xs"
            w={260}
            aria-label="Metric"
            allowDeselect={false}
            searchable
            value={metric}
            onChange={(next) => setMetric(next ?? "")}
            data={metrics}
          />
          <Link to={`/meaning/metrics?q=${metric}`}>The metric</Link>
        </div>
      ) : null}
      {overall.length > 1 ? (
        <Chart
          label={`${metric}: truth and result`}
          axis={overall.map(({ truth }) => truth.end ?? truth.start ?? "")}
          series={[
            {
              name: "Truth",
              values: overall.map(({ truth }) => nearest(truth.value)),
              exact: overall.map(({ truth }) => truth.value),
              before: true,
            },
            ...(compared.data
              ? [
                  {
                    name: "Result",
                    values: overall.map(({ value }) => nearest(value?.fraction || value?.text)),
                    exact: overall.map(({ value }) => value?.text),
                  },
                ]
              : []),
          ]}
        />
      ) : null}
      {compared.error ? <ErrorState error={compared.error} retry={() => void compared.refetch()} /> : null}
      {!complete && !list.isPending ? (
        <p className="dim">Results stand beside the truth as soon as all rows are written.</p>
      ) : null}
      {!list.isPending && rows.length === 0 ? (
        <EmptyState title="Nothing is known of this metric">
          The scenario knows the truth of its own metrics only.
        </EmptyState>
      ) : (
        <Table
          label="Truth and result"
          rows={rows}
          columns={columns}
          id={({ index }) => String(index)}
          name={({ truth }) => `${truth.start} to ${truth.end}`}
          loading={list.isPending}
          hasMore={list.hasNextPage}
          loadMore={() => void list.fetchNextPage()}
          inline
        />
      )}
    </>
  );
}
