// Spans of time: the choices, and the days they are.

export interface Span {
  /** First day, included. */
  start: string;
  /** Day after the last. */
  end: string;
}

export type Grain = "GRAIN_DAY" | "GRAIN_WEEK" | "GRAIN_MONTH" | "GRAIN_QUARTER" | "GRAIN_YEAR";

export const spans = [
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "12m", label: "12 months" },
  { value: "24m", label: "24 months" },
  { value: "5y", label: "5 years" },
];

export const grains: { value: Grain; label: string }[] = [
  { value: "GRAIN_DAY", label: "Day" },
  { value: "GRAIN_WEEK", label: "Week" },
  { value: "GRAIN_MONTH", label: "Month" },
  { value: "GRAIN_QUARTER", label: "Quarter" },
  { value: "GRAIN_YEAR", label: "Year" },
];

const day = (at: Date) => at.toISOString().slice(0, 10);
const utc = (year: number, month: number, date: number) => new Date(Date.UTC(year, month, date));

/** The days of a choice such as `12m`, up to and with the current month or day; `2026-01-01..2026-04-01` is itself. */
export function spanOf(choice: string, now = new Date()): Span {
  const exact = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(choice);
  if (exact?.[1] && exact[2]) return { start: exact[1], end: exact[2] };
  const [year, month, date] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const count = Number.parseInt(choice, 10) || 12;
  if (choice.endsWith("d"))
    return { start: day(utc(year, month, date + 1 - count)), end: day(utc(year, month, date + 1)) };
  if (choice.endsWith("y")) return { start: day(utc(year + 1 - count, 0, 1)), end: day(utc(year + 1, 0, 1)) };
  return { start: day(utc(year, month + 1 - count, 1)), end: day(utc(year, month + 1, 1)) };
}

/** The span of the same length that ends where this one begins. */
export function before({ start, end }: Span): Span {
  const [from, to] = [new Date(`${start}T00:00:00Z`), new Date(`${end}T00:00:00Z`)];
  const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  if (from.getUTCDate() === 1 && to.getUTCDate() === 1)
    return { start: day(utc(from.getUTCFullYear(), from.getUTCMonth() - months, 1)), end: start };
  return { start: day(new Date(from.getTime() - (to.getTime() - from.getTime()))), end: start };
}

/** The grain that draws a span in a dozen or some more points. */
export function grainFor({ start, end }: Span): Grain {
  const days = (Date.parse(end) - Date.parse(start)) / 86_400_000;
  if (days <= 45) return "GRAIN_DAY";
  if (days <= 130) return "GRAIN_WEEK";
  return days <= 800 ? "GRAIN_MONTH" : "GRAIN_YEAR";
}

/** A grain, or the finest one that makes sense of a metric where that is longer. */
export function noFiner(grain: Grain, finest: string | undefined): Grain {
  const place = (of: string | undefined) => grains.findIndex((one) => one.value === of);
  return place(grain) < place(finest) ? (finest as Grain) : grain;
}

/** The name of a period that begins at `start`. */
export function periodName(start: string, grain: string): string {
  const at = start.slice(0, 10);
  const [year = "", month = ""] = at.split("-");
  if (grain === "GRAIN_YEAR") return year;
  if (grain === "GRAIN_QUARTER") return `${year} Q${Math.floor((Number(month) - 1) / 3) + 1}`;
  if (grain === "GRAIN_MONTH")
    return new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric", timeZone: "UTC" }).format(
      new Date(`${at}T00:00:00Z`),
    );
  if (grain === "GRAIN_HOUR") return start.replace("T", " ").slice(0, 16);
  return at;
}

/** The twelve months that end before this day. */
export function endingAt(end: string): Span {
  const at = new Date(`${end}T00:00:00Z`);
  return { start: day(utc(at.getUTCFullYear() - 1, at.getUTCMonth(), at.getUTCDate())), end };
}

/** A span as it stands in the address. */
export const spanText = ({ start, end }: Span) => `${start}..${end}`;
