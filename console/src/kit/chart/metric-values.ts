// The values of a metric from calculation, as a chart takes them.
import type { Message, Output } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { words } from "../format";
import type { Series } from "./chart";
import { endingAt, type Grain, periodName, type Span, spanOf } from "./range";

export type Answer = Output<"CalculationService_Calculate">;
type Row = Message<"tessera.calculation.v1.ResultRow">;

/** Asks for a metric over a span; answers nothing where the caller may not. */
export function useValues(
  metric: string,
  span: Span,
  grain: Grain | undefined,
  more: { dimension?: string; explain?: boolean; enabled?: boolean; refetchInterval?: number } = {},
) {
  const may = useMay();
  const { dimension, explain, enabled = true, refetchInterval } = more;
  return useCall(
    "CalculationService_Calculate",
    {
      body: {
        metric,
        ...span,
        grain,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        dimensions: dimension ? [dimension] : undefined,
        explain: explain || undefined,
        pageSize: 5000,
      },
    },
    { enabled: enabled && metric !== "" && may("CalculationService_Calculate"), keep: true, refetchInterval },
  );
}

/** Rows as an axis of periods and a line for each group. */
export function toSeries(
  rows: Row[],
  grain: string,
  name: string,
): { axis: string[]; starts: string[]; series: Series[] } {
  const starts = [...new Set(rows.map((row) => row.start ?? ""))].sort();
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = row.dimensions?.length ? row.dimensions.map((one) => one.value ?? "none").join(", ") : name;
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return {
    starts,
    axis: starts.map((start) => (start ? periodName(start, grain) : "All")),
    series: [...groups].map(([group, own]) => {
      const at = new Map(own.map((row) => [row.start ?? "", row.value]));
      return {
        name: group,
        values: starts.map((start) => at.get(start)?.number ?? null),
        exact: starts.map((start) => at.get(start)?.text),
      };
    }),
  };
}

/** Why there is no value, in words. */
export function missingWords(value: Message<"tessera.calculation.v1.Value"> | undefined): string | undefined {
  return value?.missing ? words(value.missing) : undefined;
}

/** Rows that have a value. */
const filled = (rows: Row[] | undefined) => (rows ?? []).filter((row) => row.value && !row.value.missing);

/**
 * The span to begin with: what the address says, else the last twelve months, else, where those have no rows, the
 * twelve months before the newest value of the last five years.
 */
export function useSpan(metric: string, chosen: string | undefined): { span: Span; pending: boolean } {
  const latest = spanOf("12m");
  const open = chosen === undefined;
  const near = useValues(metric, latest, "GRAIN_MONTH", { enabled: open });
  const empty = open && near.data !== undefined && filled(near.data.rows).length === 0;
  const far = useValues(metric, spanOf("5y"), "GRAIN_MONTH", { enabled: empty });
  if (!open) return { span: spanOf(chosen), pending: false };
  const end = empty ? filled(far.data?.rows).at(-1)?.end : undefined;
  return { span: end ? endingAt(end.slice(0, 10)) : latest, pending: (empty && far.isPending) || near.isPending };
}
