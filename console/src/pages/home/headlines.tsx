// The headline metrics, live: each a tile that follows the rows it is calculated from and leads to the metric's page.
import { Button, Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Message } from "@/api/contract";
import { useMay } from "@/api/hooks";
import { useLiveFigures } from "@/api/live";
import { betterOf, levelOf, missingWords, periodWords, useFigures } from "@/kit/chart/metric-values";
import { Tile } from "@/kit/chart/tile";
import { formatDay } from "@/kit/format";
import { BOARD, useHeadlines } from "@/kit/meaning/headlines";
import { Section } from "@/kit/section";
import classes from "./home.module.css";

type Metric = Message<"tessera.metadata.v1.Metric">;

function Headline({ metric }: { metric: Metric }) {
  const { answer, rows, newest, old, grain, pending } = useFigures(metric, undefined);
  const end = newest?.row.end?.slice(0, 10);
  return (
    <Tile
      name={metric.name ?? ""}
      to={`/meaning/metrics/${metric.id}`}
      value={newest?.row.value?.number}
      before={newest?.before?.value?.number}
      period={newest ? periodWords(newest.row, grain) : undefined}
      format={metric.format}
      unit={answer.data?.unit || metric.unit}
      trail={rows.map((row) => row.value?.number ?? null)}
      better={betterOf(metric.direction)}
      level={levelOf(newest?.row.level)}
      loading={pending || (answer.isPending && !answer.error)}
      missing={newest ? undefined : (answer.error?.message ?? missingWords(rows.at(-1)) ?? "No values yet")}
      old={old ? `Nothing newer than ${formatDay(end)}` : undefined}
    />
  );
}

export function Headlines() {
  const may = useMay();
  useLiveFigures();
  const { metrics, why, pending, error } = useHeadlines();
  if (!may("MetadataService_ListMetrics") || !may("CalculationService_Calculate")) return null;
  const words = {
    pinned: "The ones you pinned",
    board: `Tagged “${BOARD}”`,
    first: `Tag a metric “${BOARD}”, or pin one on its page, to have it here`,
  }[why];
  return (
    <Section
      title="Headline metrics"
      actions={metrics.length > 0 ? <span className={classes.aside}>{words}</span> : undefined}
    >
      {pending ? (
        <div className={classes.tiles} role="status" aria-label="Loading">
          <Skeleton height={132} radius={8} />
          <Skeleton height={132} radius={8} />
        </div>
      ) : error ? (
        <p className="dim">The metrics could not be read just now.</p>
      ) : metrics.length === 0 ? (
        <p className={classes.none}>
          <span className="dim">
            No metric yet. The numbers that the business steers by stand here, with their way.
          </span>
          {may("MetadataService_CreateMetric") ? (
            <Button component={Link} to="/meaning/metrics/new" variant="default">
              New metric
            </Button>
          ) : null}
        </p>
      ) : (
        <div className={classes.tiles}>
          {metrics.map((metric) => (
            <Headline key={metric.id} metric={metric} />
          ))}
        </div>
      )}
    </Section>
  );
}
