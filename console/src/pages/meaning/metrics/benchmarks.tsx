// What others reach, beside what we do; and from where on a value is good or bad.
import type { Message } from "@/api/contract";
import { Badge } from "@/kit/badges";
import { Change } from "@/kit/chart/change";
import { betterOf, levelOf, periodWords, useFigures } from "@/kit/chart/metric-values";
import { formatValue } from "@/kit/chart/value";
import { Section } from "@/kit/detail";
import { formatDay, words } from "@/kit/format";
import { useUrl } from "@/kit/url";
import classes from "./metrics.module.css";

type Metric = Message<"tessera.metadata.v1.Metric">;
type Threshold = NonNullable<Metric["thresholds"]>[number];

/** A threshold as a sentence: `90.0% or more`. */
function thresholdWords(one: Threshold, shown: string): string {
  switch (one.comparison) {
    case "COMPARISON_GREATER_OR_EQUAL":
      return `${shown} or more`;
    case "COMPARISON_LESS_OR_EQUAL":
      return `${shown} or less`;
    case "COMPARISON_GREATER":
      return `more than ${shown}`;
    case "COMPARISON_LESS":
      return `less than ${shown}`;
    default:
      return `${words(one.comparison).toLowerCase()} ${shown}`;
  }
}

export function Benchmarks({ metric }: { metric: Metric }) {
  const [url] = useUrl();
  const { newest, grain } = useFigures(metric, url.range);
  const [benchmarks, thresholds] = [metric.benchmarks ?? [], metric.thresholds ?? []];
  const shown = (value: string | undefined) => formatValue(Number(value), metric.format, metric.unit);
  const level = levelOf(newest?.row.level);
  return (
    <>
      <Section title="Benchmarks">
        {benchmarks.length === 0 ? (
          <p className="dim">Nobody has said what others reach. Edit the metric to add a benchmark.</p>
        ) : (
          <div className={classes.wide}>
            <table className={classes.plain}>
              <thead>
                <tr>
                  <th scope="col">Who</th>
                  <th scope="col" data-num>
                    Value
                  </th>
                  <th scope="col" data-num>
                    {newest ? `Ours, ${periodWords(newest.row, grain)}` : "Ours"}
                  </th>
                  <th scope="col" data-num>
                    Difference
                  </th>
                  <th scope="col">As of</th>
                  <th scope="col">Source</th>
                </tr>
              </thead>
              <tbody>
                {benchmarks.map((one) => (
                  <tr key={`${one.name} ${one.asOf}`}>
                    <th scope="row">{one.name}</th>
                    <td data-num>{shown(one.value)}</td>
                    <td data-num>{formatValue(newest?.row.value?.number, metric.format, metric.unit)}</td>
                    <td data-num>
                      <Change
                        value={newest?.row.value?.number}
                        before={Number(one.value)}
                        better={betterOf(metric.direction)}
                        points={metric.format?.includes("%")}
                      />
                    </td>
                    <td>{formatDay(one.asOf)}</td>
                    <td>{one.source}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Section>
      <Section title="Thresholds">
        {thresholds.length === 0 ? (
          <p className="dim">No value is good or bad by itself yet.</p>
        ) : (
          <>
            <table className={classes.plain}>
              <tbody>
                {thresholds.map((one) => (
                  <tr key={`${one.level} ${one.value}`}>
                    <th scope="row">
                      <Badge tone={levelOf(one.level?.replace("THRESHOLD_LEVEL_", ""))?.tone ?? "info"}>
                        {words(one.level)}
                      </Badge>
                    </th>
                    <td>{thresholdWords(one, shown(one.value))}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {newest ? (
              <p className="dim">
                {periodWords(newest.row, grain)} is {formatValue(newest.row.value?.number, metric.format, metric.unit)}:{" "}
                {level ? level.word.toLowerCase() : "within no threshold"}.
              </p>
            ) : null}
          </>
        )}
      </Section>
    </>
  );
}
