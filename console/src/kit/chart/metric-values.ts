// The values of a metric from calculation, as a chart takes them.
import type { Message, Output } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import type { Tone } from "../badges";
import { formatDay, words } from "../format";
import type { Series } from "./chart";
import { endingAt, type Grain, grainFor, noFiner, periodName, type Span, spanOf } from "./range";

type Metric = Pick<Message<"tessera.metadata.v1.Metric">, "code" | "grain">;
export type Answer = Output<"CalculationService_Calculate">;
export type Row = Message<"tessera.calculation.v1.ResultRow"> & {
  /** The snapshot that both ends of the period would be compared by: no value, for it would compare nothing. */
  unmoved?: string;
};

/** How often a figure on the screen is asked for again, in milliseconds: where changes are heard of, and where not. */
const HEARD = 60_000;
const UNHEARD = 10_000;
/** Fewer figures than this in the last twelve months, and older ones are looked for. */
export const FEW = 3;

/** Asks for a metric over a span; answers nothing where the caller may not. */
export function useValues(
  metric: string,
  span: Span,
  grain: Grain | undefined,
  more: { dimension?: string; enabled?: boolean; live?: boolean } = {},
) {
  const may = useMay();
  const { dimension, enabled = true, live } = more;
  const every = may("MessagingService_TailMessages") ? HEARD : UNHEARD;
  return useCall(
    "CalculationService_Calculate",
    {
      body: {
        metric,
        ...span,
        grain,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        dimensions: dimension ? [dimension] : undefined,
        // When the rows were read, and of sets which snapshots were compared, is told with the explanation only.
        explain: true,
        pageSize: 5000,
      },
    },
    {
      enabled: enabled && metric !== "" && may("CalculationService_Calculate"),
      // Another span of the same metric fades over; another metric's values under this one's name would be a lie.
      keep: (before) => before?.body?.metric === metric,
      refetchInterval: live ? (query) => (query.state.data === undefined ? false : every) : undefined,
    },
  );
}

/**
 * The rows of an answer. A period between whose ends no snapshot was taken has no value: both ends would be the same
 * set, and "everybody stayed" would be said of time that nobody has looked at.
 */
export function rowsOf(answer: Answer | undefined): Row[] {
  const rows = answer?.rows ?? [];
  const unmoved = new Map<string, string>();
  const starts = [...new Set(rows.map((row) => row.start ?? ""))].sort();
  for (const source of answer?.explanation?.sources ?? []) {
    const pairs = source.snapshots ?? [];
    const newest = pairs.reduce((last, pair) => ((pair.end ?? "") > last ? (pair.end ?? "") : last), "");
    starts.forEach((start, index) => {
      const pair = pairs.length === starts.length ? pairs[index] : undefined;
      const same = pair ? Boolean(pair.end) && pair.start === pair.end : newest !== "" && start >= newest;
      if (same) unmoved.set(start, pair?.end ?? newest);
    });
  }
  if (unmoved.size === 0) return rows;
  return rows.map((row) => {
    const snapshot = unmoved.get(row.start ?? "");
    return snapshot ? { ...row, value: {}, level: "", unmoved: snapshot } : row;
  });
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
export function missingWords(row: Row | undefined): string | undefined {
  if (row?.unmoved) return `No snapshot after ${formatDay(row.unmoved.slice(0, 10))}`;
  return row?.value?.missing ? words(row.value.missing) : undefined;
}

const filled = (rows: Row[]) => rows.filter((row) => row.value?.number !== undefined && row.value.number !== null);

/** The newest period with a value, and the one before it. */
export interface Newest {
  row: Row;
  before?: Row;
}

/** A period that still runs is compared with nothing: part of a month beside a whole one says nothing. */
export function newestOf(rows: Row[], today = new Date().toISOString()): Newest | undefined {
  const known = filled(rows);
  const row = known.at(-1);
  if (!row) return undefined;
  return { row, before: (row.end ?? "") > today.slice(0, 10) ? undefined : known.at(-2) };
}

/** The period as one says it: with "so far" while it runs. */
export function periodWords(row: Row, grain: string, today = new Date().toISOString()): string {
  const name = periodName(row.start ?? "", grain);
  return (row.end ?? "") > today.slice(0, 10) ? `${name} so far` : name;
}

/** Whether the newest value of a span ended longer ago than one more period like it: there should be a newer one by now. */
export function isOld(row: Row, span: Span, today = new Date()): boolean {
  // What a span of the past leaves out may well be there.
  if (span.end <= today.toISOString().slice(0, 10)) return false;
  const [start, end] = [Date.parse((row.start ?? "").slice(0, 10)), Date.parse((row.end ?? "").slice(0, 10))];
  return Number.isFinite(end) && today.getTime() - end > (end - start) * 1.5;
}

/** What the thresholds say to a value. */
export function levelOf(level: string | undefined): { tone: Tone; word: string } | undefined {
  const tones: Record<string, Tone> = { GOOD: "good", WARNING: "warn", CRITICAL: "bad" };
  return level ? { tone: tones[level] ?? "info", word: words(level) } : undefined;
}

/** Which way is better, as a tile takes it. */
export function betterOf(direction: string | undefined): "higher" | "lower" | undefined {
  if (direction?.includes("HIGHER")) return "higher";
  return direction?.includes("LOWER") ? "lower" : undefined;
}

/** All that a page says of a metric's values: the rows of the span, their newest and whether it is old, how the asking went. */
export function useFigures(metric: Metric, chosen: string | undefined, given?: Grain, dimension?: string) {
  const code = metric.code ?? "";
  const { span, pending } = useSpan(metric, chosen);
  const grain = noFiner(given ?? grainFor(span), metric.grain);
  const answer = useValues(code, span, grain, { dimension, enabled: !pending, live: true });
  const rows = rowsOf(answer.data);
  const newest = dimension ? undefined : newestOf(rows);
  // A span that was looked for because the last months have nothing ends with the newest value there is.
  const upToNow = chosen === undefined ? spanOf("12m") : span;
  return { span, grain, answer, rows, newest, old: newest !== undefined && isOld(newest.row, upToNow), pending };
}

/**
 * The span to begin with: what the address says, else the last twelve months, else, where those have next to nothing,
 * the twelve months before the newest value of the last five years.
 */
export function useSpan(metric: Metric, chosen: string | undefined): { span: Span; pending: boolean } {
  const code = metric.code ?? "";
  const month = noFiner("GRAIN_MONTH", metric.grain);
  const latest = spanOf("12m");
  const open = chosen === undefined;
  const near = useValues(code, latest, month, { enabled: open });
  const few = open && near.data !== undefined && filled(rowsOf(near.data)).length < FEW;
  const far = useValues(code, spanOf("5y"), month, { enabled: few });
  if (!open) return { span: spanOf(chosen), pending: false };
  const end = few ? newestOf(rowsOf(far.data))?.row.end : undefined;
  // Once answered, even with an error, it stays answered: the values themselves are asked for next, by the same question
  // perhaps, and must not set this back to waiting, which would set them back in turn, for ever.
  return { span: end ? endingAt(end.slice(0, 10)) : latest, pending: !near.isFetched || (few && !far.isFetched) };
}
