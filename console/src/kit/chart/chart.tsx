// The chart: one for all pages. Same axes and words, compare, notes, thresholds; as picture, as file, as table.
import { ActionIcon, Menu, SegmentedControl, Skeleton, useComputedColorScheme } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { Behind } from "./behind";
import classes from "./chart.module.css";
import { download } from "./download";
import { Picked } from "./picked";

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
  /** Keeps a note, an empty one not any more; without it none can be written. */
  onNote?: (note: Note) => void;
  /** Tells how the value of a place came about. */
  onExplain?: (index: number) => void;
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
  const { label, axis, series, height = 280, notes = [], onNote, onExplain } = props;
  const scheme = useComputedColorScheme();
  const [as, setAs] = useState<"chart" | "table">("chart");
  const [at, setAt] = useState<number | null>(null);
  const picture = useRef<Picture | null>(null);
  const lines = () => [
    ["", ...series.map((one) => one.name)],
    ...axis.map((name, index) => [name, ...series.map((one) => one.exact?.[index] ?? one.values[index] ?? undefined)]),
  ];
  const drawn = as === "chart" && series.some((one) => one.values.some((value) => value !== null));
  const take = (kind: "png" | "svg") => {
    const address = picture.current?.[kind]();
    if (address) download(label, kind, address);
  };
  const pick = onNote || onExplain ? setAt : undefined;
  const note = at === null ? undefined : notes.find((one) => one.at === axis[at]);
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
            <Menu.Item disabled={!drawn} onClick={() => take("png")}>
              PNG
            </Menu.Item>
            <Menu.Item disabled={!drawn} onClick={() => take("svg")}>
              SVG
            </Menu.Item>
            <Menu.Item onClick={() => download(label, "csv", lines())}>CSV</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      {drawn ? (
        <Suspense fallback={<Skeleton height={height} />}>
          <Drawing
            {...props}
            height={height}
            scheme={scheme}
            picture={picture}
            onPick={(index) => {
              props.onPick?.(index);
              pick?.(index);
            }}
          />
        </Suspense>
      ) : as === "chart" ? (
        <div className={classes.nothing} style={{ minHeight: height }}>
          <strong>No values in this span</strong>
          <span className="dim">{props.nothing ?? "There are no rows in it. Another range may have some."}</span>
        </div>
      ) : (
        <Behind {...props} height={height} pick={onNote ? pick : undefined} />
      )}
      {at !== null && axis[at] !== undefined ? (
        <Picked key={axis[at]} {...props} at={at} note={note} close={() => setAt(null)} />
      ) : null}
    </figure>
  );
}
