// What a picture is made of, and where its boxes go.
import dagre from "@dagrejs/dagre";

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
  /** The end whose rows are made of those of the other one: a filled diamond there. */
  whole?: "from" | "to";
}

/** An end of a line that is being drawn: a box, and where one was pointed at, a line in it. */
export interface End {
  box: string;
  line?: string;
}

export const WIDTH = 216;
const HEAD = 46;
const LINE = 18;
/** Lines of a box beyond these are only counted. */
export const MOST = 12;
/** More boxes than these are no picture any more, and laying them out would hold up the page. */
export const MOST_BOXES = 400;

/** How high a box is drawn. */
export function heightOf(box: Box): number {
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

/** The nearest box in the direction of an arrow key: straight on counts for more than aside. */
export function neighbour(places: Map<string, { x: number; y: number }>, from: string, key: string): string | null {
  const at = places.get(from);
  if (!at) return null;
  const across = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [id, place] of places) {
    const [dx, dy] = [place.x - at.x, place.y - at.y];
    const ahead = sign * (across ? dx : dy);
    const cost = ahead + 3 * Math.abs(across ? dy : dx);
    if (id !== from && ahead > 1 && cost < least) [best, least] = [id, cost];
  }
  return best;
}
