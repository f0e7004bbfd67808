// How the value of one period came about.
import { Select, Skeleton } from "@mantine/core";
import { useMemo } from "react";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { useFigures, useValues } from "@/kit/chart/metric-values";
import { type Grain, periodName, spanOf, spanText } from "@/kit/chart/range";
import { Explain } from "@/kit/explain/explain";
import { formatDay } from "@/kit/format";
import { EmptyState, ErrorState } from "@/kit/states";
import { useUrl } from "@/kit/url";

/** The pages of metrics and entities by their codes. */
export function useHomes(): (kind: string, code: string) => string | undefined {
  const long = { staleTime: 60_000 };
  const may = useMay();
  const metrics = useCall(
    "MetadataService_ListMetrics",
    { query: { pageSize: 1000 } },
    { ...long, enabled: may("MetadataService_ListMetrics") },
  ).data?.metrics;
  const entities = useCall(
    "MetadataService_ListEntities",
    { query: { pageSize: 1000 } },
    { ...long, enabled: may("MetadataService_ListEntities") },
  ).data?.entities;
  return useMemo(() => {
    const known = new Map<string, string>([
      ...(metrics ?? []).map((one) => [`metric ${one.code}`, `/meaning/metrics/${one.id}`] as const),
      ...(entities ?? []).map((one) => [`entity ${one.code}`, `/meaning/entities/${one.id}`] as const),
    ]);
    return (kind, code) =>
      known.get(`${kind} ${code}`) ?? (kind === "attribute" ? known.get(`entity ${code.split(".")[0]}`) : undefined);
  }, [metrics, entities]);
}

/** One period is explained at a time: the one in the address, else the newest that has a value. */
export function ExplainTab({ metric }: { metric: Message<"tessera.metadata.v1.Metric"> }) {
  const [url, setUrl] = useUrl();
  const may = useMay();
  const { span, grain, rows, newest, pending, answer } = useFigures(metric, url.range, url.grain as Grain | undefined);
  const chosen = url.at ?? (newest ? `${newest.row.start}..${newest.row.end}` : spanText(span));
  const of = spanOf(chosen);
  const one = useValues(metric.code ?? "", of, undefined, { enabled: !pending && !answer.isPending });
  const homes = useHomes();
  if (!may("CalculationService_Calculate"))
    return (
      <EmptyState title="You may not calculate">
        An administrator can give you the permission calculation.metrics.read.
      </EmptyState>
    );
  const error = answer.error ?? one.error;
  if (error)
    return (
      <ErrorState
        error={error}
        retry={() => void (answer.error ? answer.refetch() : one.refetch())}
        title="No values to explain"
      />
    );
  if (!one.data) return <Skeleton height={240} />;
  const choices = [
    ...rows
      .filter((row) => row.value?.text !== undefined)
      .map((row) => ({ value: `${row.start}..${row.end}`, label: periodName(row.start ?? "", grain) })),
    { value: spanText(span), label: `All of ${formatDay(span.start)} – ${formatDay(span.end)}` },
  ];
  if (!choices.some((choice) => choice.value === chosen))
    choices.push({ value: chosen, label: `${formatDay(of.start)} – ${formatDay(of.end)}` });
  return (
    <>
      <Select
        size="xs"
        w={250}
        mb="lg"
        aria-label="Period that is explained"
        allowDeselect={false}
        data={choices}
        value={chosen}
        onChange={(next) => setUrl({ at: next ?? undefined })}
      />
      {one.data.explanation ? (
        <Explain
          explanation={one.data.explanation}
          value={one.data.rows?.[0]?.value}
          format={metric.format}
          unit={one.data.unit || metric.unit}
          homes={homes}
        />
      ) : null}
    </>
  );
}
