// Boxes and lines: laid out by rank, to be panned, zoomed, clicked and drawn in. The same for entities, metrics and whatever comes.
import "@xyflow/react/dist/base.css";
import { useComputedColorScheme } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import {
  Background,
  type Connection,
  ConnectionMode,
  Controls,
  MarkerType,
  MiniMap,
  Panel,
  ReactFlow,
  ReactFlowProvider,
} from "@xyflow/react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { count } from "../format";
import { EmptyState } from "../states";
import classes from "./canvas.module.css";
import { type Box, type End, heightOf, type Line, layout, MOST, MOST_BOXES, neighbour, WIDTH } from "./layout";
import { type BoxNode, BoxView, Diamond, endOf, FIT, Legend, LineView, Refit } from "./parts";

export type { Box, End, Line };

const nodeTypes = { box: BoxView };
const edgeTypes = { line: LineView };

interface Props {
  /** What the picture shows, for those who do not see it. */
  label: string;
  boxes: Box[];
  lines: Line[];
  direction?: "LR" | "TB";
  height?: number | string;
  /** What to do where there is too much for one picture. */
  tooMuch?: string;
  /**
   * Lets lines be drawn: by mouse from point to point, by keyboard with R on one box and Enter on the other. Nothing is
   * added by itself; whoever is told decides.
   */
  onDraw?: (from: End, to: End) => void;
}

/** The picture, and beneath it the same as words for a screen reader. */
export default function Canvas(props: Props) {
  if (props.boxes.length > MOST_BOXES) {
    return (
      <EmptyState title="Too much for one picture">
        {count(props.boxes.length, "box", "boxes")} would be drawn; beyond {MOST_BOXES} nobody could read them.{" "}
        {props.tooMuch ?? "Open one thing and its own diagram."}
      </EmptyState>
    );
  }
  return <Drawing {...props} />;
}

function Drawing({ label, boxes, lines, direction = "LR", height = 520, onDraw }: Props) {
  const navigate = useNavigate();
  const scheme = useComputedColorScheme();
  const diamond = `whole-${useId().replace(/[^a-zA-Z0-9]/g, "")}`;
  const [begun, setBegun] = useState<string | null>(null);
  const frame = useRef<HTMLElement>(null);
  const draws = Boolean(onDraw);
  const places = useMemo(() => layout(boxes, lines, direction), [boxes, lines, direction]);
  useEffect(() => {
    if (begun && !boxes.some((box) => box.id === begun)) setBegun(null);
  }, [boxes, begun]);
  const nodes = useMemo<BoxNode[]>(
    () =>
      boxes.map((box) => ({
        id: box.id,
        type: "box",
        position: places.get(box.id) ?? { x: 0, y: 0 },
        width: WIDTH,
        height: heightOf(box),
        ariaLabel: `${box.kind ?? ""} ${box.title}`.trim(),
        data: {
          ...box,
          down: direction === "TB",
          draws,
          begun: box.id === begun,
          shown: (box.lines ?? []).slice(0, MOST),
          rest: Math.max(0, (box.lines?.length ?? 0) - MOST),
        },
      })),
    [boxes, places, direction, draws, begun],
  );
  const edges = useMemo(
    () =>
      lines.map((line, index) => ({
        id: String(index),
        type: "line",
        source: line.from,
        target: line.to,
        focusable: false,
        markerStart: line.whole === "from" ? diamond : undefined,
        markerEnd:
          line.whole === "to" ? diamond : line.whole ? undefined : { type: MarkerType.Arrow, width: 18, height: 18 },
        data: { ...line },
      })),
    [lines, diamond],
  );
  const open = (id: string) => {
    const to = boxes.find((box) => box.id === id)?.to;
    if (to) void navigate({ to });
  };
  const title = (id: string) => boxes.find((box) => box.id === id)?.title ?? id;
  function onKeyDown(event: KeyboardEvent) {
    const id = (event.target as HTMLElement).closest("[data-id]")?.getAttribute("data-id");
    if (event.key === "Escape" && begun) setBegun(null);
    else if (!id || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (onDraw && begun && (event.key === "Enter" || event.key === "r")) {
      setBegun(null);
      onDraw({ box: begun }, { box: id });
    } else if (onDraw && event.key === "r") setBegun(id);
    else if (event.key.startsWith("Arrow")) {
      const next = neighbour(places, id, event.key);
      const at = next && event.currentTarget.querySelector<HTMLElement>(`[data-id="${CSS.escape(next)}"]`);
      if (at) at.focus();
    } else if (event.key === "Enter") open(id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  return (
    <ReactFlowProvider>
      <section ref={frame} className={classes.frame} style={{ height }} aria-label={label} onKeyDown={onKeyDown}>
        <Diamond id={diamond} />
        <ReactFlow
          colorMode={scheme}
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          nodesDraggable={false}
          nodesConnectable={draws}
          connectionMode={ConnectionMode.Loose}
          connectionRadius={26}
          onConnect={({ source, target, sourceHandle, targetHandle }: Connection) =>
            onDraw?.(endOf(source, sourceHandle), endOf(target, targetHandle))
          }
          fitView
          fitViewOptions={FIT}
          minZoom={0.1}
          onNodeClick={(_, node) => open(node.id)}
          attributionPosition="bottom-left"
        >
          <Background gap={20} size={1} />
          <Controls showInteractive={false} position="bottom-right" />
          <Refit frame={frame} />
          <Legend lines={lines} />
          {boxes.length > 12 ? <MiniMap pannable zoomable ariaLabel="Overview" position="top-right" /> : null}
          {begun ? (
            <Panel position="bottom-center" className={classes.hint}>
              From {title(begun)}: go to the other box with Tab or an arrow key and press Enter. Escape gives it up.
            </Panel>
          ) : null}
        </ReactFlow>
      </section>
      <div className="unseen" role="status">
        {begun
          ? `From ${title(begun)}. Go to the other box with Tab or an arrow key and press Enter. Escape gives it up.`
          : ""}
      </div>
      <ul className="unseen" aria-label={`${label}, in words`}>
        {lines.map((line) => (
          <li key={`${line.from} ${line.to} ${line.label}`}>
            {title(line.from)} {line.label} {title(line.to)} {line.ends?.join(" to ")}
            {line.whole ? `, part of ${title(line.whole === "to" ? line.to : line.from)}` : ""}
          </li>
        ))}
      </ul>
    </ReactFlowProvider>
  );
}
