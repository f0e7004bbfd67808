// The parts of a picture: boxes with the points that lines are drawn between, lines, their marks and the legend.
import {
  BaseEdge,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getSmoothStepPath,
  Handle,
  type Node,
  type NodeProps,
  Panel,
  Position,
  useReactFlow,
} from "@xyflow/react";
import { type RefObject, useEffect } from "react";
import classes from "./canvas.module.css";
import { type Box, type End, type Line, WIDTH } from "./layout";

/** A box with what is known of it when it is drawn. */
export type BoxNode = Node<
  Box & { shown: string[]; rest: number; down: boolean; draws: boolean; begun: boolean } & Record<string, unknown>,
  "box"
>;

/** A box as it is drawn. */
export function BoxView({ data, selected }: NodeProps<BoxNode>) {
  const [start, end] = data.down ? [Position.Top, Position.Bottom] : [Position.Left, Position.Right];
  return (
    <div
      className={classes.box}
      data-main={data.main || undefined}
      data-selected={selected || data.begun || undefined}
      style={{ width: WIDTH }}
    >
      {/* Lines begin and end here; the visible points below are for drawing new ones. */}
      <Handle type="target" position={start} className={classes.handle} isConnectable={false} />
      <Handle type="source" position={end} className={classes.handle} isConnectable={false} />
      <div className={classes.head}>
        {data.kind ? <span className={classes.kind}>{data.kind}</span> : null}
        <span className={classes.title}>{data.title}</span>
        {data.draws ? <Points /> : null}
      </div>
      {data.shown.length > 0 ? (
        <ul className={classes.lines}>
          {data.shown.map((line) => (
            <li key={line}>
              <span className="truncate">{line}</span>
              {data.draws ? <Points line={line} /> : null}
            </li>
          ))}
          {data.rest > 0 ? <li className={classes.rest}>{data.rest} more</li> : null}
        </ul>
      ) : null}
    </div>
  );
}

/** Where a line can be drawn from and to: a point at both sides. */
function Points({ line = "" }: { line?: string }) {
  return (
    <>
      <Handle type="source" id={`start ${line}`} position={Position.Left} className={classes.point} />
      <Handle type="source" id={`end ${line}`} position={Position.Right} className={classes.point} />
    </>
  );
}

/** The end that a point stands for. */
export function endOf(box: string, handle: string | null | undefined): End {
  const line = (handle ?? "").replace(/^(start|end) ?/, "");
  return line ? { box, line } : { box };
}

/** A line as it is drawn. */
export function LineView(props: EdgeProps<Edge<Line & Record<string, unknown>>>) {
  const [path, x, y] = getSmoothStepPath({ ...props, borderRadius: 8 });
  const { data } = props;
  return (
    <>
      <BaseEdge
        path={path}
        markerStart={props.markerStart}
        markerEnd={props.markerEnd}
        className={classes.line}
        style={data?.weak ? { strokeDasharray: "4 4" } : undefined}
      />
      <EdgeLabelRenderer>
        {data?.label ? (
          <span className={classes.label} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {data.label}
          </span>
        ) : null}
        {data?.ends?.map((end, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: the two ends of one line
            key={index}
            className={classes.end}
            style={{
              transform: `translate(${index === 0 ? props.sourceX + 5 : props.targetX - 14}px, ${(index === 0 ? props.sourceY : props.targetY) - 22}px)`,
            }}
          >
            {end}
          </span>
        ))}
      </EdgeLabelRenderer>
    </>
  );
}

/** The filled diamond of UML at the end that is the whole. */
export function Diamond({ id }: { id: string }) {
  return (
    <svg className={classes.marks} aria-hidden="true">
      <defs>
        <marker
          id={id}
          markerWidth={20}
          markerHeight={12}
          refX={19}
          refY={6}
          orient="auto-start-reverse"
          markerUnits="userSpaceOnUse"
        >
          <path d="M1 6 L10 1 L19 6 L10 11 Z" className={classes.diamond} />
        </marker>
      </defs>
    </svg>
  );
}

/** What the sorts of lines mean, as far as there are any of a sort. */
export function Legend({ lines }: { lines: Line[] }) {
  const sorts = [
    lines.some((line) => !line.weak && !line.whole && line.ends) ? (["plain", "Association"] as const) : null,
    lines.some((line) => line.whole) ? (["whole", "Composition: one is part of the other"] as const) : null,
    lines.some((line) => line.weak) ? (["weak", "Uses"] as const) : null,
  ].filter((sort) => sort !== null);
  if (!lines.some((line) => line.ends)) return null;
  return (
    <Panel position="top-left" className={classes.legend}>
      {sorts.map(([sort, words]) => (
        <span key={sort} className={classes.sort}>
          <svg width={34} height={12} aria-hidden="true">
            <path d="M1 6 H33" className={classes.line} strokeDasharray={sort === "weak" ? "4 4" : undefined} />
            {sort === "whole" ? <path d="M17 6 L25 2 L33 6 L25 10 Z" className={classes.diamond} /> : null}
            {sort === "whole" ? null : <path d="M27 2 L33 6 L27 10" className={classes.line} fill="none" />}
          </svg>
          {words}
        </span>
      ))}
    </Panel>
  );
}

/** Keeps the whole picture in sight when its frame becomes another. */
export function Refit({ frame }: { frame: RefObject<HTMLElement | null> }) {
  const { fitView } = useReactFlow();
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let width = element.clientWidth;
    const seen = new ResizeObserver(() => {
      if (Math.abs(element.clientWidth - width) < 24) return;
      width = element.clientWidth;
      requestAnimationFrame(() => void fitView(FIT));
    });
    seen.observe(element);
    return () => seen.disconnect();
  }, [frame, fitView]);
  return null;
}

export const FIT = { maxZoom: 1, padding: 0.08 };
