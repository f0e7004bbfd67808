// The table behind a chart: the same values, for eyes, ears and keyboards that a picture does not serve.
import { Button } from "@mantine/core";
import type { ChartProps } from "./chart";
import classes from "./chart.module.css";
import { formatValue } from "./value";

type Props = Pick<ChartProps, "label" | "axis" | "series" | "format" | "unit" | "notes" | "onExplain"> & {
  height: number;
  /** Chooses a place, where something can be done with it. */
  pick?: (index: number) => void;
};

export function Behind({ label, axis, series, format, unit, notes = [], height, pick, onExplain }: Props) {
  return (
    <section
      className={classes.table}
      style={{ maxHeight: height + 60 }}
      tabIndex={0}
      aria-label={`${label}, as a table`}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">Period</th>
            {series.map((one) => (
              <th key={one.name} scope="col">
                {one.name}
              </th>
            ))}
            {notes.length > 0 ? (
              <th scope="col" data-words>
                Note
              </th>
            ) : null}
            {onExplain ? (
              <th scope="col">
                <span className="unseen">Explanation</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {axis.map((at, index) => (
            <tr key={at}>
              <th scope="row">
                {pick ? (
                  <button type="button" className={classes.period} onClick={() => pick(index)}>
                    {at}
                  </button>
                ) : (
                  at
                )}
              </th>
              {series.map((one) => (
                <td key={one.name} title={one.exact?.[index]}>
                  {formatValue(one.values[index], format, unit)}
                </td>
              ))}
              {notes.length > 0 ? (
                <td data-words>
                  {notes
                    .filter((note) => note.at === at)
                    .map((note) => note.text)
                    .join("; ")}
                </td>
              ) : null}
              {onExplain ? (
                <td>
                  <Button
                    variant="subtle"
                    size="compact-xs"
                    disabled={!series.some((one) => typeof one.values[index] === "number")}
                    aria-label={`Explain ${at}`}
                    onClick={() => onExplain(index)}
                  >
                    Explain
                  </Button>
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
