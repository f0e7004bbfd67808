// A formula as a structure: operators, functions and what they work on.
import { lazy, Suspense, useMemo } from "react";
import type { Message } from "@/api/contract";
import type { Box, Line } from "../canvas/canvas";
import { PageSkeleton } from "../states";

type Node = Message<"tessera.calculation.v1.FormulaNode">;

const Canvas = lazy(() => import("../canvas/canvas"));

/** The tree as boxes and lines, from the top. */
export function treeOf(
  root: Node,
  homes: (kind: string, label: string) => string | undefined = () => undefined,
): { boxes: Box[]; lines: Line[] } {
  const boxes: Box[] = [];
  const lines: Line[] = [];
  const add = (node: Node, id: string) => {
    boxes.push({
      id,
      title: node.label ?? "",
      kind: (node.kind ?? "").replace(/^./, (c) => c.toUpperCase()),
      lines: node.value?.text ? [`= ${node.value.text}`] : undefined,
      to: homes(node.kind ?? "", node.label ?? ""),
      main: id === "0",
    });
    (node.operands ?? []).forEach((operand, index) => {
      const below = `${id}.${index}`;
      lines.push({ from: id, to: below });
      add(operand, below);
    });
  };
  add(root, "0");
  return { boxes, lines };
}

export function FormulaTree({
  root,
  label,
  homes,
  height = 380,
}: {
  root: Node;
  label: string;
  homes?: (kind: string, label: string) => string | undefined;
  height?: number;
}) {
  const picture = useMemo(() => treeOf(root, homes), [root, homes]);
  return (
    <Suspense fallback={<PageSkeleton />}>
      <Canvas label={label} direction="TB" height={height} {...picture} />
    </Suspense>
  );
}
