// The tile of one metric: its newest value, how it moved, and its way here.
import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { Badge, type Tone } from "../badges";
import classes from "./chart.module.css";
import { formatValue } from "./value";

interface Props {
  name: string;
  value: number | null | undefined;
  /** The period that the value is of. */
  period?: string;
  format?: string;
  unit?: string;
  /** The way to the newest value, itself included. */
  trail?: (number | null)[];
  /** The value it is compared with. */
  before?: number | null;
  /** Which way is better. */
  better?: "higher" | "lower";
  /** What the thresholds say. */
  level?: { tone: Tone; word: string };
  /** Why there is no value. */
  missing?: string;
  loading?: boolean;
  to?: string;
}

/** The way of a value as a line, without axes. */
function Spark({ values }: { values: (number | null)[] }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <span className={classes.spark} />;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const points = values
    .map((value, index) =>
      value === null
        ? null
        : `${((index / (values.length - 1)) * 100).toFixed(2)},${(20 - ((value - least) / (most - least || 1)) * 18).toFixed(2)}`,
    )
    .filter(Boolean)
    .join(" ");
  return (
    <svg className={classes.spark} viewBox="0 0 100 22" preserveAspectRatio="none" aria-hidden>
      <polyline
        points={points}
        fill="none"
        stroke="var(--mantine-primary-color-filled)"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

export function Tile({
  name,
  value,
  period,
  format,
  unit,
  trail = [],
  before,
  better,
  level,
  missing,
  loading,
  to,
}: Props) {
  const last = useRef(value);
  const [pulse, setPulse] = useState(0);
  // A value that changes while one looks says so, quietly.
  useEffect(() => {
    if (last.current !== undefined && last.current !== value) setPulse((count) => count + 1);
    last.current = value;
  }, [value]);
  const change =
    typeof value === "number" && typeof before === "number" && before !== 0
      ? (value - before) / Math.abs(before)
      : null;
  const good = change === null || !better || change === 0 ? null : change > 0 === (better === "higher");
  const body = (
    <>
      <span className={classes.tileName}>{name}</span>
      {loading ? (
        <Skeleton height={22} width={90} my={5} />
      ) : (
        <span key={pulse} data-pulse={pulse > 0 || undefined} className={classes.tileValue}>
          {missing ? <span className="dim">–</span> : formatValue(value, format, unit)}
        </span>
      )}
      <span className={classes.tileFoot}>
        {missing ?? period}
        {level ? <Badge tone={level.tone}>{level.word}</Badge> : null}
        {change !== null ? (
          <span style={{ color: good === null ? undefined : good ? "var(--good)" : "var(--bad)" }}>
            {change > 0 ? "▲" : change < 0 ? "▼" : "="}{" "}
            {new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 }).format(Math.abs(change))}
          </span>
        ) : null}
        <Spark values={trail} />
      </span>
    </>
  );
  return to ? (
    <Link to={to} className={classes.tile}>
      {body}
    </Link>
  ) : (
    <div className={classes.tile}>{body}</div>
  );
}
