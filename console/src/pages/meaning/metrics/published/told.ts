// What was published, in words, and as a chart takes it.
import type { Message } from "@/api/contract";
import { formatDay } from "@/kit/format";

export type Publication = Message<"tessera.calculation.v1.Publication">;
type Row = Message<"tessera.calculation.v1.MetricHistoryRow">;

/** Both ends of what a publication is of. */
export function spanWords(of: Publication): string {
  const { start, end } = of.question ?? {};
  return start && end ? `${formatDay(start)} – ${formatDay(end)}` : "All time";
}

/** Of each period the latest word, without groups, the earliest period first; rows come the latest publication first. */
export function told(rows: Row[]): { axis: string[]; values: (number | null)[] } {
  const latest = new Map<string, Row>();
  for (const row of rows) {
    if (!row.start || (row.dimensions ?? []).length > 0) continue;
    const period = `${row.start}..${row.end}`;
    if (!latest.has(period)) latest.set(period, row);
  }
  const periods = [...latest.values()].sort((a, b) => (a.start ?? "").localeCompare(b.start ?? ""));
  return {
    axis: periods.map((row) => `${formatDay(row.start ?? "")} – ${formatDay(row.end ?? "")}`),
    values: periods.map((row) => row.value?.number ?? null),
  };
}
