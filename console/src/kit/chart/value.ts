// Numbers as a metric's definition wants them shown: `0.0%`, `#,##0.00`, with their unit.

/** Digits after the point that a format asks for; undefined where there is no format. */
function digitsOf(format: string): number {
  return /\.(0+)/.exec(format)?.[1]?.length ?? 0;
}

/** A value in a metric's format and unit. `short` is for axes: 12 345 678 is 12.3 M. */
export function formatValue(value: number | null | undefined, format = "", unit = "", short = false): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (format.includes("%")) {
    return new Intl.NumberFormat(undefined, {
      style: "percent",
      minimumFractionDigits: short ? 0 : digitsOf(format),
      maximumFractionDigits: digitsOf(format),
    }).format(value);
  }
  const text = new Intl.NumberFormat(undefined, {
    notation: short && Math.abs(value) >= 10_000 ? "compact" : "standard",
    minimumFractionDigits: format && !short ? digitsOf(format) : 0,
    maximumFractionDigits: format ? digitsOf(format) : Math.abs(value) >= 100 ? 1 : 3,
  }).format(value);
  return unit && !short ? `${text} ${unit}` : text;
}
