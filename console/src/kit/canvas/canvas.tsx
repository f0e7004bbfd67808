// Boxes and lines: laid out by rank, to be panned, zoomed and clicked. The same for entities, metrics and whatever comes.
import "@xyflow/react/dist/base.css";
import dagre from "@dagrejs/dagre";
import { useComputedColorScheme } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import {
  Background,
  BaseEdge,
  Controls,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getSmoothStepPath,
  Handle,
  MarkerType,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
} from "@xyflow/react";
import { useMemo } from "react";
import classes from "./canvas.module.css";

/** A box. */
export interface Box {
  id: string;
  title: string;
  /** What it is, above its title. */
  kind?: string;
  lines?: string[];
  /** Where it leads. */
  to?: string;
  /** Whether it is what the picture is about. */
  main?: boolean;
}

/** A line between two boxes. */
export interface Line {
  from: string;
  to: string;
  label?: string;
  /** What stands at its ends: `1`, `n`. */
  ends?: [string, string];
  /** A weaker tie: drawn with dashes. */
  weak?: boolean;
  /** The end belongs to the beginning: a filled diamond there. */
  whole?: boolean;
}

const WIDTH = 216;
const HEAD = 46;
const LINE = 18;
const MOST = 12;

type BoxNode = Node<Box & { shown: string[]; rest: number; down: boolean } & Record<string, unknown>, "box">;

function heightOf(box: Box): number {
  const lines = Math.min(box.lines?.length ?? 0, MOST + 1);
  return HEAD + (lines > 0 ? lines * LINE + 12 : 0);
}

/** A tree from the top, operands in their order from left to right. */
function tree(boxes: Box[], lines: Line[]) {
  const below = new Map<string, string[]>();
  for (const line of lines) below.set(line.from, [...(below.get(line.from) ?? []), line.to]);
  const places = new Map<string, { x: number; y: number }>();
  const heights = new Map(boxes.map((box) => [box.id, heightOf(box)]));
  let next = 0;
  const place = (id: string, y: number): number => {
    const under = below.get(id) ?? [];
    const under_y = y + (heights.get(id) ?? HEAD) + 48;
    const middles = under.map((one) => place(one, under_y));
    const x = middles.length > 0 ? ((middles[0] ?? 0) + (middles.at(-1) ?? 0)) / 2 : next;
    if (middles.length === 0) next += WIDTH + 28;
    places.set(id, { x, y });
    return x;
  };
  const targets = new Set(lines.map((line) => line.to));
  for (const box of boxes) if (!targets.has(box.id)) place(box.id, 0);
  return places;
}

/** Where each box goes. */
export function layout(boxes: Box[], lines: Line[], direction: "LR" | "TB") {
  if (direction === "TB") return tree(boxes, lines);
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction, nodesep: 36, ranksep: 96, marginx: 20, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of boxes) graph.setNode(box.id, { width: WIDTH, height: heightOf(box) });
  lines.forEach((line, index) => {
    if (graph.hasNode(line.from) && graph.hasNode(line.to)) graph.setEdge(line.from, line.to, {}, String(index));
  });
  dagre.layout(graph);
  return new Map(
    boxes.map((box) => {
      const at = graph.node(box.id);
      return [box.id, { x: at.x - WIDTH / 2, y: at.y - heightOf(box) / 2 }];
    }),
  );
}

function BoxView({ data, selected }: NodeProps<BoxNode>) {
  return (
    <div
      className={classes.box}
      data-main={data.main || undefined}
      data-selected={selected || undefined}
      style={{ width: WIDTH }}
    >
      <Handle
        type="target"
        position={data.down ? Position.Top : Position.Left}
        className={classes.handle}
        isConnectable={false}
      />
      <div className={classes.head}>
        {data.kind ? <span className={classes.kind}>{data.kind}</span> : null}
        <span className={classes.title}>{data.title}</span>
      </div>
      {data.shown.length > 0 ? (
        <ul className={classes.lines}>
          {data.shown.map((line) => (
            <li key={line}>{line}</li>
          ))}
          {data.rest > 0 ? <li className={classes.rest}>{data.rest} more</li> : null}
        </ul>
      ) : null}
      <Handle
        type="source"
        position={data.down ? Position.Bottom : Position.Right}
        className={classes.handle}
        isConnectable={false}
      />
    </div>
  );
}

function LineView(props: EdgeProps<Edge<Line & Record<string, unknown>>>) {
  const [path, x, y] = getSmoothStepPath({ ...props, borderRadius: 8 });
  const { data } = props;
  return (
    <>
      <BaseEdge
        path={path}
        markerEnd={props.markerEnd}
        className={classes.line}
        style={data?.weak ? { strokeDasharray: "4 4" } : undefined}
      />
      <EdgeLabelRenderer>
        {data?.label ? (
          <span className={classes.label} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {data.whole ? "◆ " : ""}
            {data.label}
          </span>
        ) : null}
        {data?.ends?.map((end, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: the two ends of one line
            key={index}
            className={classes.end}
            style={{
              transform: `translate(${index === 0 ? props.sourceX + 5 : props.targetX - 14}px, ${(index === 0 ? props.sourceY : props.targetY) - 18}px)`,
            }}
          >
            {end}
          </span>
        ))}
      </EdgeLabelRenderer>
    </>
  );
}

const nodeTypes = { box: BoxView };
const edgeTypes = { line: LineView };

interface Props {
  /** What the picture shows, for those who do not see it. */
  label: string;
  boxes: Box[];
  lines: Line[];
  direction?: "LR" | "TB";
  height?: number | string;
}

/** The picture, and beneath it the same as words for a screen reader. */
export default function Canvas({ label, boxes, lines, direction = "LR", height = 520 }: Props) {
  const navigate = useNavigate();
  const scheme = useComputedColorScheme();
  const nodes = useMemo<BoxNode[]>(() => {
    const places = layout(boxes, lines, direction);
    return boxes.map((box) => ({
      id: box.id,
      type: "box",
      position: places.get(box.id) ?? { x: 0, y: 0 },
      width: WIDTH,
      height: heightOf(box),
      ariaLabel: `${box.kind ?? ""} ${box.title}`.trim(),
      data: {
        ...box,
        down: direction === "TB",
        shown: (box.lines ?? []).slice(0, MOST),
        rest: Math.max(0, (box.lines?.length ?? 0) - MOST),
      },
    }));
  }, [boxes, lines, direction]);
  const edges = useMemo(
    () =>
      lines.map((line, index) => ({
        id: String(index),
        type: "line",
        source: line.from,
        target: line.to,
        focusable: false,
        markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
        data: { ...line },
      })),
    [lines],
  );
  const open = (id: string) => {
    const to = boxes.find((box) => box.id === id)?.to;
    if (to) void navigate({ to });
  };
  const title = (id: string) => boxes.find((box) => box.id === id)?.title ?? id;
  return (
    <ReactFlowProvider>
      <section
        className={classes.frame}
        style={{ height }}
        aria-label={label}
        onKeyDown={(event) => {
          const id = (event.target as HTMLElement).closest("[data-id]")?.getAttribute("data-id");
          if (event.key === "Enter" && id) open(id);
        }}
      >
        <ReactFlow
          colorMode={scheme}
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          nodesDraggable={false}
          nodesConnectable={false}
          fitView
          fitViewOptions={{ maxZoom: 1, padding: 0.08 }}
          minZoom={0.1}
          onNodeClick={(_, node) => open(node.id)}
          attributionPosition="bottom-left"
        >
          <Background gap={20} size={1} />
          <Controls showInteractive={false} position="bottom-right" />
          {boxes.length > 12 ? <MiniMap pannable zoomable ariaLabel="Overview" position="top-right" /> : null}
        </ReactFlow>
      </section>
      <ul className="unseen" aria-label={`${label}, in words`}>
        {lines.map((line) => (
          <li key={`${line.from} ${line.to} ${line.label}`}>
            {title(line.from)} {line.label} {title(line.to)} {line.ends?.join(" to ")}
          </li>
        ))}
      </ul>
    </ReactFlowProvider>
  );
}
