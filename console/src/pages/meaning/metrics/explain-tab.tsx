// How the value of the chosen span came about.
import { Skeleton } from "@mantine/core";
import { useMemo } from "react";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { useSpan, useValues } from "@/kit/chart/metric-values";
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

export function ExplainTab({ metric }: { metric: Message<"tessera.metadata.v1.Metric"> }) {
  const [url] = useUrl();
  const may = useMay();
  const { span, pending } = useSpan(metric.code ?? "", url.range);
  const answer = useValues(metric.code ?? "", span, undefined, { explain: true, enabled: !pending });
  const homes = useHomes();
  if (!may("CalculationService_Calculate"))
    return (
      <EmptyState title="You may not calculate">
        An administrator can give you the permission calculation.metrics.read.
      </EmptyState>
    );
  if (answer.error)
    return <ErrorState error={answer.error} retry={() => void answer.refetch()} title="No values to explain" />;
  if (answer.isPending) return <Skeleton height={240} />;
  return (
    <>
      <p className="dim">
        {metric.name} from {formatDay(span.start)} to before {formatDay(span.end)}.
      </p>
      {answer.data.explanation ? (
        <Explain explanation={answer.data.explanation} value={answer.data.rows?.[0]?.value} homes={homes} />
      ) : null}
    </>
  );
}
