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

/** Values of an axis: as many digits after the point as its steps need, so that no two of them read the same. */
export function axisFormat(values: (number | null)[], format = "", unit = ""): (value: number) => string {
  const known = values.filter((value): value is number => value !== null);
  const percent = format.includes("%");
  const range = (Math.max(...known, Number.NEGATIVE_INFINITY) - Math.min(...known, Number.POSITIVE_INFINITY)) / 6;
  const step = (Number.isFinite(range) && range > 0 ? range : 1) * (percent ? 100 : 1);
  const digits = Math.min(4, Math.max(0, Math.ceil(-Math.log10(step))));
  return (value) => {
    if (Math.abs(value) >= 10_000) return formatValue(value, format, unit, true);
    return new Intl.NumberFormat(undefined, {
      style: percent ? "percent" : "decimal",
      maximumFractionDigits: digits,
    }).format(value);
  };
}
