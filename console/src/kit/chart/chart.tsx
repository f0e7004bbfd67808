// The chart: one for all pages. Same axes and words, compare, notes, thresholds; as picture, as file, as table.
import { ActionIcon, Menu, SegmentedControl, Skeleton, TextInput, useComputedColorScheme } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { save, toCsv } from "../table/csv";
import classes from "./chart.module.css";
import { formatValue } from "./value";

/** One line or row of bars. */
export interface Series {
  name: string;
  /** A value for each name on the axis; null where there is none. */
  values: (number | null)[];
  /** The exact values as text, where they are known. */
  exact?: (string | undefined)[];
  /** Whether it is what the others are compared with: drawn fainter. */
  before?: boolean;
}

/** A note at a place of the axis. */
export interface Note {
  at: string;
  text: string;
}

/** A level that means something. */
export interface Level {
  value: number;
  name: string;
  tone: "good" | "warn" | "bad" | "info";
}

export interface ChartProps {
  /** What it shows, for those who do not see it. */
  label: string;
  axis: string[];
  series: Series[];
  kind?: "line" | "bar";
  format?: string;
  unit?: string;
  levels?: Level[];
  notes?: Note[];
  /** Keeps a note; without it none can be written. */
  onNote?: (note: Note) => void;
  /** Why there is nothing to draw, where it is known. */
  nothing?: string;
  height?: number;
  /** What stands at the left of the tools. */
  tools?: ReactNode;
  /** A place was clicked. */
  onPick?: (index: number) => void;
}

/** What a picture must be able to do for downloads. */
export interface Picture {
  png: () => string;
  svg: () => string;
}

const Drawing = lazy(() => import("./drawing"));

export function Chart(props: ChartProps) {
  const { label, axis, series, height = 280, notes = [], onNote } = props;
  const scheme = useComputedColorScheme();
  const [as, setAs] = useState<"chart" | "table">("chart");
  const [noteAt, setNoteAt] = useState<number | null>(null);
  const [text, setText] = useState("");
  const picture = useRef<Picture | null>(null);
  const name = label.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const lines = () => [
    ["", ...series.map((one) => one.name)],
    ...axis.map((at, index) => [at, ...series.map((one) => one.exact?.[index] ?? one.values[index] ?? undefined)]),
  ];
  const download = async (kind: "png" | "svg" | "csv") => {
    if (kind === "csv") return save(`${name}.csv`, new Blob([toCsv(lines())], { type: "text/csv" }));
    const url = picture.current?.[kind]();
    if (url) save(`${name}.${kind}`, await (await fetch(url)).blob());
  };
  return (
    <figure className={classes.figure} aria-label={label}>
      <div className={classes.tools}>
        {props.tools}
        <span className={classes.space} />
        <SegmentedControl
          size="xs"
          aria-label="Show as"
          value={as}
          onChange={(next) => setAs(next as typeof as)}
          data={[
            { value: "chart", label: "Chart" },
            { value: "table", label: "Table" },
          ]}
        />
        <Menu width={140}>
          <Menu.Target>
            <ActionIcon aria-label={`Download ${label}`}>
              <IconDownload size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={as === "table"} onClick={() => void download("png")}>
              PNG
            </Menu.Item>
            <Menu.Item disabled={as === "table"} onClick={() => void download("svg")}>
              SVG
            </Menu.Item>
            <Menu.Item onClick={() => void download("csv")}>CSV</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      {as === "chart" && !series.some((one) => one.values.some((value) => value !== null)) ? (
        <div className={classes.nothing} style={{ minHeight: height }}>
          <strong>No values in this span</strong>
          <span className="dim">{props.nothing ?? "There are no rows in it. Another range may have some."}</span>
        </div>
      ) : as === "chart" ? (
        <Suspense fallback={<Skeleton height={height} />}>
          <Drawing
            {...props}
            height={height}
            scheme={scheme}
            picture={picture}
            onPick={(index) => {
              props.onPick?.(index);
              if (onNote) setNoteAt(index);
            }}
          />
        </Suspense>
      ) : (
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
                {notes.length > 0 ? <th scope="col">Note</th> : null}
              </tr>
            </thead>
            <tbody>
              {axis.map((at, index) => (
                <tr key={at}>
                  <th scope="row">{at}</th>
                  {series.map((one) => (
                    <td key={one.name} title={one.exact?.[index]}>
                      {formatValue(one.values[index], props.format, props.unit)}
                    </td>
                  ))}
                  {notes.length > 0 ? (
                    <td>
                      {notes
                        .filter((note) => note.at === at)
                        .map((note) => note.text)
                        .join("; ")}
                    </td>
                  ) : null}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {onNote && noteAt !== null && as === "chart" ? (
        <form
          className={classes.note}
          onSubmit={(event) => {
            event.preventDefault();
            const at = axis[noteAt];
            if (at && text.trim()) onNote({ at, text: text.trim() });
            setText("");
            setNoteAt(null);
          }}
        >
          <TextInput
            size="xs"
            style={{ flex: 1 }}
            aria-label={`Note at ${axis[noteAt]}`}
            placeholder={`A note at ${axis[noteAt]}, then Enter`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </form>
      ) : null}
    </figure>
  );
}
