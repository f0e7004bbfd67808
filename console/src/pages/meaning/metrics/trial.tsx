// A formula tried out before it is stored: its values over the last months that have any.
import { Skeleton } from "@mantine/core";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { Chart } from "@/kit/chart/chart";
import { type Answer, FEW, missingWords, newestOf, rowsOf, toSeries } from "@/kit/chart/metric-values";
import { endingAt, type Span, spanOf } from "@/kit/chart/range";

type Draft = Message<"tessera.calculation.v1.Draft">;
const GRAIN = "GRAIN_MONTH";
/** How high it is, with its tools: the form does not jump while a formula is not right. */
export const TRIAL = 210;

/** Asks what a formula would say; it is neither stored nor kept. */
function useTrial(draft: Draft, span: Span, enabled: boolean) {
  const may = useMay();
  return useCall(
    "CalculationService_Calculate",
    {
      body: {
        draft,
        ...span,
        grain: GRAIN,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        explain: true,
      },
    },
    { enabled: enabled && may("CalculationService_Calculate"), staleTime: 30_000 },
  );
}

const known = (answer: Answer | undefined) =>
  rowsOf(answer).filter((row) => typeof row.value?.number === "number" && row.value.number !== 0).length;

export function Trial({ draft, format, unit }: { draft: Draft; format?: string; unit?: string }) {
  const may = useMay();
  const near = useTrial(draft, spanOf("12m"), true);
  // Nothing in a year: the rows may be older, as generated ones are.
  const looks = near.data !== undefined && known(near.data) < FEW;
  const far = useTrial(draft, spanOf("5y"), looks);
  const end = known(far.data) > 0 ? newestOf(rowsOf(far.data).filter((row) => row.value?.number !== 0)) : undefined;
  const ending = end?.row.end?.slice(0, 10);
  const late = useTrial(draft, ending ? endingAt(ending) : spanOf("12m"), Boolean(ending));
  if (!may("CalculationService_Calculate")) return null;
  const answer = ending ? late : near;
  if (answer.error) return <p className="dim">It could not be tried: {answer.error.message}.</p>;
  if (!answer.data || (looks && far.isPending && !far.error)) return <Skeleton height={TRIAL} />;
  const rows = rowsOf(answer.data);
  const { axis, series } = toSeries(rows, GRAIN, "The formula");
  return (
    <Chart
      label="What the formula says"
      axis={axis}
      series={series}
      format={format}
      unit={answer.data.unit || unit}
      height={170}
      nothing={missingWords(rows.at(-1))}
      tools={<span className="dim">What it says by month, before anything is stored</span>}
    />
  );
}
