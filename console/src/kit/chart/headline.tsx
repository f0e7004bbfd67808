// The newest value of a metric with all that a number carries: unit, period, movement, level, exactness, freshness, and the
// way to how it came about.
import { Button } from "@mantine/core";
import { IconZoomQuestion } from "@tabler/icons-react";
import type { Message } from "@/api/contract";
import { Badge, Time } from "../badges";
import { exactWords } from "../explain/exact";
import { formatDay } from "../format";
import { Change } from "./change";
import classes from "./chart.module.css";
import { betterOf, levelOf, type Newest, periodWords } from "./metric-values";
import { periodName } from "./range";
import { formatValue } from "./value";

interface Props {
  metric: Message<"tessera.metadata.v1.Metric">;
  newest: Newest;
  /** Whether there should be a newer one by now. */
  old: boolean;
  grain: string;
  unit?: string;
  /** When the rows were read. */
  read?: string;
  explain?: () => void;
}

export function Headline({ metric, newest: { row, before }, old, grain, unit, read, explain }: Props) {
  const level = levelOf(row.level);
  const exact = exactWords(row.value);
  return (
    <div className={classes.headline}>
      <span className={classes.headlineValue} title={row.value?.text}>
        {formatValue(row.value?.number, metric.format, unit)}
      </span>
      <span className={classes.headlineWords}>
        <span className={classes.headlineLine}>
          {periodWords(row, grain)}
          <Change
            value={row.value?.number}
            before={before?.value?.number}
            better={betterOf(metric.direction)}
            points={metric.format?.includes("%")}
            against={before ? periodName(before.start ?? "", grain) : undefined}
          />
          {level ? (
            <Badge tone={level.tone} dot>
              {level.word}
            </Badge>
          ) : null}
        </span>
        <span className="dim">
          {[exact?.word, old ? `nothing newer than ${formatDay(row.end?.slice(0, 10))}` : ""]
            .filter(Boolean)
            .join(" · ")}{" "}
          · read <Time value={read} />
        </span>
      </span>
      {explain ? (
        <Button variant="light" leftSection={<IconZoomQuestion size={15} />} onClick={explain}>
          Explain this number
        </Button>
      ) : null}
    </div>
  );
}
