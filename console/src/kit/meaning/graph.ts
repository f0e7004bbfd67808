// The ontology's graph as boxes and lines.
import type { Message } from "@/api/contract";
import type { Box, Line } from "../canvas/canvas";
import { homeOf, kindWords } from "../definition";

type Graph = Message<"tessera.metadata.v1.Graph">;

const ends: Record<string, [string, string]> = {
  one_to_one: ["1", "1"],
  one_to_many: ["1", "n"],
  many_to_one: ["n", "1"],
  many_to_many: ["n", "n"],
};

interface Choice {
  /** Kinds to draw. */
  kinds: string[];
  /** Names of nodes to begin with; with none, all of the kinds. */
  from?: string[];
  /** How many lines away from those. */
  steps?: number;
  /** Whether a box lists what is in it. */
  lines?: boolean;
  /** Which end of a relationship is the whole, by `lineKey`. */
  wholes?: Wholes;
}

export type Wholes = Map<string, "from" | "to">;

/** Names a relationship among the lines of a picture. */
export const lineKey = (from: string, to: string, name: string | undefined) => `${from} ${to} ${name ?? ""}`;

/** What of the graph is drawn, as the canvas takes it. */
export function toPicture(
  graph: Graph | undefined,
  { kinds, from, steps = 1, lines = true, wholes }: Choice,
): { boxes: Box[]; lines: Line[] } {
  const all = (graph?.nodes ?? []).filter((node) => kinds.includes(kindWords(node.kind)));
  const known = new Set(all.map((node) => node.id ?? ""));
  const links = (graph?.links ?? []).filter((link) => known.has(link.source ?? "") && known.has(link.target ?? ""));
  let near = from ? new Set(from.filter((id) => known.has(id))) : known;
  if (from) {
    for (let step = 0; step < steps; step += 1) {
      const next = new Set(near);
      for (const link of links) {
        if (near.has(link.source ?? "")) next.add(link.target ?? "");
        if (near.has(link.target ?? "")) next.add(link.source ?? "");
      }
      near = next;
    }
  }
  const boxes = all
    .filter((node) => near.has(node.id ?? ""))
    .map((node) => ({
      id: node.id ?? "",
      title: node.label ?? "",
      kind: kindWords(node.kind).replace(/^./, (c) => c.toUpperCase()),
      lines: lines ? node.lines : undefined,
      to: homeOf(kindWords(node.kind), node.definitionId ?? "") ?? undefined,
      main: from?.includes(node.id ?? ""),
    }));
  return {
    boxes,
    lines: links
      .filter((link) => near.has(link.source ?? "") && near.has(link.target ?? ""))
      .map((link) => ({
        from: link.source ?? "",
        to: link.target ?? "",
        label: link.type === "relationship" ? link.label : undefined,
        ends: ends[(link.cardinality ?? "").toLowerCase().replace("cardinality_", "")],
        weak: link.type !== "relationship",
        whole:
          link.type === "relationship"
            ? wholes?.get(lineKey(link.source ?? "", link.target ?? "", link.label))
            : undefined,
      })),
  };
}
