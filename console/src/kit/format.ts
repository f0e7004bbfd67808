// Values as people read them: times, numbers, names of enum values.
import { enums } from "@/api/generated/enums";

const cuts = [...new Set(Object.values(enums).map((one) => one.cut))].sort((a, b) => b.length - a.length);
const known = new Map<string, string>();
for (const one of Object.values(enums)) for (const value of one.values) known.set(value, one.cut);

/** The words of an enum value: `ENTITY_KIND_EVENT` is `Event`. */
export function words(value: string | undefined | null): string {
  if (!value) return "";
  const cut = known.get(value) ?? cuts.find((one) => value.startsWith(one)) ?? "";
  const rest = value.slice(cut.length).toLowerCase().replaceAll("_", " ");
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** The choices of an enum, by the full name of the enum. */
export function choices(name: string): { value: string; label: string }[] {
  return (enums[name]?.values ?? []).map((value) => ({ value, label: words(value) }));
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** A time in the reader's zone. */
export function formatTime(value: string | undefined): string {
  return value ? dateTime.format(new Date(value)) : "";
}

/** The time of day, to the second. */
export function formatClock(at: number): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }).format(at);
}

/** A day. */
export function formatDay(value: string | undefined): string {
  return value ? date.format(new Date(value.length === 10 ? `${value}T00:00:00` : value)) : "";
}

const steps: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [7, "day"],
  [4.35, "week"],
  [12, "month"],
  [Number.POSITIVE_INFINITY, "year"],
];

/** How long ago, in words. */
export function formatAgo(value: string | undefined, now = Date.now()): string {
  if (!value) return "";
  let count = (new Date(value).getTime() - now) / 1000;
  for (const [size, unit] of steps) {
    if (Math.abs(count) < size) return relative.format(Math.round(count), unit);
    count /= size;
  }
  return "";
}

/** A duration of the contracts, such as `0.0013s` or `86400s`, as one says it. */
export function formatDuration(value: string | undefined): string {
  const seconds = Number.parseFloat(value ?? "");
  if (!Number.isFinite(seconds)) return "";
  const said = (number: number, unit: string) =>
    new Intl.NumberFormat(undefined, { style: "unit", unit, maximumSignificantDigits: 3, unitDisplay: "long" }).format(
      number,
    );
  if (seconds > 0 && seconds < 1)
    return `${new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 }).format(seconds * 1000)} ms`;
  for (const [size, unit] of [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ] as const)
    if (seconds >= size && seconds % size === 0) return said(seconds / size, unit);
  return said(seconds, "second");
}

/** A number with separators, from text or number; exact digits stay as they are. */
export function formatNumber(
  value: string | number | undefined,
  format: { unit?: string; digits?: number } = {},
): string {
  if (value === undefined || value === "") return "–";
  const number = Number(value);
  if (!Number.isFinite(number)) return String(value);
  const percent = format.unit === "%";
  const text = new Intl.NumberFormat(undefined, {
    maximumFractionDigits: format.digits ?? (Math.abs(number) >= 1000 ? 0 : 2),
  }).format(number);
  return format.unit ? `${text}${percent ? " %" : ` ${format.unit}`}` : text;
}

/** `n things`, in the right number. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${new Intl.NumberFormat().format(n)} ${n === 1 ? one : many}`;
}

/** A code from a name: `Monthly premium` is `monthly_premium`. */
export function codeOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 60);
}
