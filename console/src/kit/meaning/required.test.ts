import { expect, test } from "vitest";
import { requiredBy } from "./required";

const node = (id: string) => {
  const [kind = "", code = ""] = id.split(".");
  return {
    id,
    kind: `DEFINITION_KIND_${kind.toUpperCase()}` as "DEFINITION_KIND_ENTITY",
    label: code,
    definitionId: id,
  };
};

test("one picture for all metrics of the cart, with all they need and nothing else", () => {
  const graph = {
    nodes: [
      "metric.ratio",
      "metric.paid",
      "metric.other",
      "entity.claim",
      "entity.policy",
      "entity.agent",
      "actor.clerk",
    ].map(node),
    links: [
      { source: "metric.ratio", target: "metric.paid", type: "reference" },
      { source: "metric.paid", target: "entity.claim", type: "reference" },
      { source: "metric.other", target: "entity.policy", type: "reference" },
      { source: "entity.claim", target: "entity.policy", type: "relationship", label: "under" },
      { source: "entity.policy", target: "entity.agent", type: "relationship", label: "sold by" },
      { source: "actor.clerk", target: "entity.claim", type: "reference" },
    ],
  };
  const one = requiredBy(graph, ["ratio"]);
  expect(one.boxes.map((box) => box.id).sort()).toEqual(["entity.claim", "metric.paid", "metric.ratio"]);
  const both = requiredBy(graph, ["ratio", "other"]);
  expect(both.boxes).toHaveLength(5);
  expect(both.lines.filter((line) => line.label === "under")).toHaveLength(1);
});
