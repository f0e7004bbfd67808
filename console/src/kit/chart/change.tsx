// How a value moved: up or down, by how much, and whether that is good.
import classes from "./chart.module.css";

interface Props {
  value: number | null | undefined;
  before: number | null | undefined;
  /** Which way is better. */
  better?: "higher" | "lower";
  /** Of shares, which are compared by points, not by a share of a share. */
  points?: boolean;
  /** What it is compared with, in words. */
  against?: string;
}

export function Change({ value, before, better, points, against }: Props) {
  if (typeof value !== "number" || typeof before !== "number" || (!points && before === 0)) return null;
  const change = points ? (value - before) * 100 : (value - before) / Math.abs(before);
  const size = points
    ? `${new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(Math.abs(change))} pts`
    : new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 }).format(Math.abs(change));
  const good = !better || change === 0 ? undefined : change > 0 === (better === "higher");
  const way = change > 0 ? ["▲", "up"] : change < 0 ? ["▼", "down"] : ["=", "unchanged"];
  return (
    <span className={classes.change} data-good={good}>
      <span aria-hidden>{way[0]}</span>
      <span className="unseen">{way[1]} by</span> {size}
      {against ? <span className="dim"> on {against}</span> : null}
    </span>
  );
}
