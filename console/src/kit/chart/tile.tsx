// The tile of one metric: its newest value, how it moved, its way here, how old it is, and the way to its page.
import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { Badge, type Tone } from "../badges";
import { Change } from "./change";
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
  /** Why the value is not as new as it should be. */
  old?: string;
  loading?: boolean;
  to?: string;
}

/** The way of a value as a line, without axes. */
function Spark({ values }: { values: (number | null)[] }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <span className={classes.spark} />;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const points = values.flatMap((value, index) =>
    value === null
      ? []
      : [[(index / (values.length - 1)) * 100, 37 - ((value - least) / (most - least || 1)) * 34] as const],
  );
  const line = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 100];
  return (
    <svg className={classes.spark} viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden>
      <polygon points={`${first},40 ${line} ${last},40`} fill="var(--surface-chosen)" />
      <polyline
        points={line}
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
  old,
  loading,
  to,
}: Props) {
  const last = useRef(value);
  const [pulse, setPulse] = useState(0);
  // A value that changes while one looks says so, quietly.
  useEffect(() => {
    if (last.current !== undefined && last.current !== null && last.current !== value) setPulse((count) => count + 1);
    last.current = value;
  }, [value]);
  const body = (
    <>
      <span className={classes.tileHead}>
        <span className={`${classes.tileName} truncate`}>{name}</span>
        {level ? <Badge tone={level.tone}>{level.word}</Badge> : null}
      </span>
      <span className={classes.tileLine} aria-busy={loading || undefined}>
        {loading ? (
          <Skeleton component="span" display="block" height={24} width={100} my={5} />
        ) : (
          <span key={pulse} data-pulse={pulse > 0 || undefined} className={classes.tileValue}>
            {missing ? <span className="dim">–</span> : formatValue(value, format, unit)}
          </span>
        )}
        {missing ? null : <Change value={value} before={before} better={better} points={format?.includes("%")} />}
      </span>
      <Spark values={trail} />
      <span className={classes.tileFoot}>
        <span>{missing ?? period}</span>
        {old ? <Badge tone="warn">{old}</Badge> : null}
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
