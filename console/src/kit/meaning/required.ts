// Everything that metrics need, directly or not: metrics, entities, and the relationships between those entities.
import type { Message } from "@/api/contract";
import type { Box, Line } from "../canvas/canvas";
import { kindWords } from "../definition";
import { toPicture, type Wholes } from "./graph";

/** The part of the ontology that the metrics of these codes need, as one picture. */
export function requiredBy(
  graph: Message<"tessera.metadata.v1.Graph"> | undefined,
  codes: string[],
  wholes?: Wholes,
): { boxes: Box[]; lines: Line[] } {
  const kinds = new Map((graph?.nodes ?? []).map((node) => [node.id ?? "", kindWords(node.kind)]));
  const roots = codes.map((code) => `metric.${code}`).filter((id) => kinds.has(id));
  const found = new Set(roots);
  const open = [...roots];
  while (open.length > 0) {
    const at = open.pop();
    for (const link of graph?.links ?? []) {
      const target = link.target ?? "";
      // Only what is referred to is needed; a relationship alone does not make an entity needed.
      if (link.source !== at || link.type === "relationship" || found.has(target)) continue;
      if (kinds.get(target) !== "metric" && kinds.get(target) !== "entity") continue;
      found.add(target);
      open.push(target);
    }
  }
  const picture = toPicture(graph, { kinds: ["metric", "entity"], wholes });
  return {
    boxes: picture.boxes.filter((box) => found.has(box.id)).map((box) => ({ ...box, main: roots.includes(box.id) })),
    lines: picture.lines.filter((line) => found.has(line.from) && found.has(line.to)),
  };
}
