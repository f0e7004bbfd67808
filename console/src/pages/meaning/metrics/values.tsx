// The values of a metric: the chart with range, period, groups, comparison and notes.
import { Select, Skeleton, Switch } from "@mantine/core";
import type { Message } from "@/api/contract";
import { useMay } from "@/api/hooks";
import { useLiveFigures } from "@/api/live";
import { kept, useStore } from "@/app/store";
import { Chart, type Level, type Note } from "@/kit/chart/chart";
import { Headline } from "@/kit/chart/headline";
import { missingWords, rowsOf, toSeries, useFigures, useValues } from "@/kit/chart/metric-values";
import { before, type Grain, grains, noFiner, type Span, spanOf, spans, spanText } from "@/kit/chart/range";
import { formatDay, words } from "@/kit/format";
import { ErrorState } from "@/kit/states";
import { useUrl } from "@/kit/url";

type Metric = Message<"tessera.metadata.v1.Metric">;

const notes = kept<Record<string, Note[]>>("tessera.notes", {});

export function levelsOf(metric: Metric): Level[] {
  const tones = {
    THRESHOLD_LEVEL_GOOD: "good",
    THRESHOLD_LEVEL_WARNING: "warn",
    THRESHOLD_LEVEL_CRITICAL: "bad",
  } as const;
  return [
    ...(metric.thresholds ?? []).map((one) => ({
      value: Number(one.value),
      name: words(one.level),
      tone: tones[one.level as keyof typeof tones] ?? "info",
    })),
    ...(metric.benchmarks ?? []).map((one) => ({
      value: Number(one.value),
      name: one.name ?? "",
      tone: "info" as const,
    })),
  ];
}

/** `plain` is the picture alone, over the last twelve months that have values. */
export function Values({ metric, height = 300, plain }: { metric: Metric; height?: number; plain?: boolean }) {
  const may = useMay();
  useLiveFigures();
  const [url, setUrl] = useUrl();
  const own = useStore(notes)[metric.code ?? ""] ?? [];
  const dimension = plain ? undefined : url.by;
  const compare = !plain && url.compare === "1" && !dimension;
  const { span, grain, answer, rows, newest, old, pending } = useFigures(
    metric,
    plain ? undefined : url.range,
    plain ? undefined : (url.grain as Grain | undefined),
    dimension,
  );
  const earlier = useValues(metric.code ?? "", before(span), grain, { enabled: compare });
  if (!may("CalculationService_Calculate")) return null;
  if (answer.error)
    return plain ? (
      <p className="dim">No values: {answer.error.message}.</p>
    ) : (
      <ErrorState error={answer.error} retry={() => void answer.refetch()} title="No values" />
    );
  if (answer.isPending || pending) return <Skeleton height={height} />;
  const { axis, starts, series } = toSeries(rows, grain, metric.name ?? "");
  const past =
    compare && earlier.data
      ? toSeries(rowsOf(earlier.data), grain, "The same span before").series.map((one) => ({ ...one, before: true }))
      : [];
  const unit = answer.data.unit || metric.unit;
  const explain = (start: string) => {
    const row = rows.find((one) => one.start === start);
    if (row) setUrl({ tab: "explain", at: `${row.start}..${row.end}` });
  };
  const chart = (
    <Chart
      label={`${metric.name} by ${words(grain).toLowerCase()}`}
      axis={axis}
      series={[...series, ...past]}
      format={metric.format}
      unit={unit}
      levels={dimension ? [] : levelsOf(metric)}
      height={height}
      notes={own}
      nothing={missingWords(rows.find((row) => row.unmoved) ?? rows.at(-1))}
      onExplain={plain || dimension ? undefined : (index) => explain(starts[index] ?? "")}
      onNote={
        plain
          ? undefined
          : (note) =>
              notes.set((all) => ({
                ...all,
                [metric.code ?? ""]: [...own.filter((one) => one.at !== note.at), ...(note.text ? [note] : [])],
              }))
      }
      tools={plain ? null : <Tools metric={metric} span={span} grain={grain} />}
    />
  );
  if (plain) return chart;
  return (
    <>
      {newest ? (
        <Headline
          metric={metric}
          newest={newest}
          old={old}
          grain={grain}
          unit={unit}
          read={answer.data.explanation?.asOfTime}
          explain={() => explain(newest.row.start ?? "")}
        />
      ) : null}
      {chart}
    </>
  );
}

/** Range, period, groups, comparison; all in the address. */
function Tools({ metric, span, grain }: { metric: Metric; span: Span; grain: Grain }) {
  const [url, setUrl] = useUrl();
  // A span that was found, or given to the day, is a choice of its own.
  const shown = url.range ?? (spanText(span) === spanText(spanOf("12m")) ? "12m" : spanText(span));
  const dimensions = [...new Set((metric.dimensions ?? []).map((one) => one.attribute ?? ""))];
  return (
    <>
      <Select
        size="xs"
        w={shown.includes("..") ? 190 : 110}
        aria-label="Range"
        allowDeselect={false}
        data={
          shown.includes("..")
            ? [...spans, { value: shown, label: `${formatDay(span.start)} – ${formatDay(span.end)}` }]
            : spans
        }
        value={shown}
        onChange={(next) => setUrl({ range: next ?? undefined, grain: undefined })}
      />
      <Select
        size="xs"
        w={92}
        aria-label="Period"
        allowDeselect={false}
        data={grains.filter(({ value }) => noFiner(value, metric.grain) === value)}
        value={grain}
        onChange={(next) => setUrl({ grain: next ?? undefined })}
      />
      {dimensions.length > 0 ? (
        <Select
          size="xs"
          w={132}
          aria-label="Group by"
          placeholder="Group by"
          clearable
          data={dimensions}
          value={url.by ?? null}
          onChange={(next) => setUrl({ by: next ?? undefined })}
        />
      ) : null}
      <Switch
        label="Compare"
        checked={url.compare === "1" && !url.by}
        disabled={Boolean(url.by)}
        onChange={(event) => setUrl({ compare: event.currentTarget.checked ? "1" : undefined })}
      />
    </>
  );
}
