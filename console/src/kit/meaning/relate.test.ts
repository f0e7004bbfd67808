import { expect, test } from "vitest";
import { attributeOf, likely, shapesOf, suggest, wholeOf, wholesOf } from "./relate";

const entity = (code: string, ...lines: string[]) => ({
  id: `entity.${code}`,
  kind: "DEFINITION_KIND_ENTITY" as const,
  label: code,
  lines,
});
const graph = {
  nodes: [
    entity("claim", "claim_id: string {key}", "member_id: string", "agent_id: string"),
    entity("position", "claim_id: string {key}", "number: integer {key}", "amount: decimal(14, 2)"),
    entity("member", "member_id: string {key}", "manager: string"),
    entity("agent", "code: string {key}"),
    { id: "metric.paid", kind: "DEFINITION_KIND_METRIC" as const, lines: ["= sum(x)"] },
  ],
};
const shapes = shapesOf(graph);
const shape = (code: string) => shapes.get(code) ?? { code, attributes: [], key: [] };
const related = (from: string, to: string, cardinality: string) => ({
  name: "r",
  from: { entity: from.split(".")[0], attribute: from.split(".")[1] },
  to: { entity: to.split(".")[0], attribute: to.split(".")[1] },
  cardinality: `CARDINALITY_${cardinality}` as "CARDINALITY_MANY_TO_ONE",
});

test("the shapes of entities are read from what stands in their boxes", () => {
  expect(attributeOf("amount: decimal(14, 2)")).toBe("amount");
  expect(shapes.size).toBe(4);
  expect(shape("position")).toEqual({
    code: "position",
    attributes: ["claim_id", "number", "amount"],
    key: ["claim_id", "number"],
  });
});

test("what has its reference in its key is part of what it refers to; all else is an association", () => {
  expect(wholeOf(related("position.claim_id", "claim.claim_id", "MANY_TO_ONE"), shapes)).toBe("to");
  expect(wholeOf(related("claim.claim_id", "position.claim_id", "ONE_TO_MANY"), shapes)).toBe("from");
  expect(wholeOf(related("claim.member_id", "member.member_id", "MANY_TO_ONE"), shapes)).toBeUndefined();
  expect(wholeOf(related("position.claim_id", "claim.claim_id", "MANY_TO_MANY"), shapes)).toBeUndefined();
  expect(wholeOf(related("member.member_id", "member.manager", "ONE_TO_ONE"), shapes)).toBeUndefined();
  expect(wholeOf({ cardinality: "CARDINALITY_MANY_TO_ONE" }, shapes)).toBeUndefined();
  const found = wholesOf([related("position.claim_id", "claim.claim_id", "MANY_TO_ONE")], graph);
  expect([...found]).toEqual([["entity.position entity.claim r", "to"]]);
});

test("two entities suggest the attributes that meet and how many there are", () => {
  expect(suggest(shape("claim"), shape("member"))).toEqual({
    from: "member_id",
    to: "member_id",
    cardinality: "CARDINALITY_MANY_TO_ONE",
  });
  // Named after the other entity, which calls its key something else.
  expect(suggest(shape("claim"), shape("agent"))).toMatchObject({ from: "agent_id", to: "code" });
  expect(suggest(shape("claim"), shape("position")).cardinality).toBe("CARDINALITY_ONE_TO_MANY");
  // What was pointed at holds.
  expect(suggest(shape("claim"), shape("member"), { from: "agent_id", to: "manager" })).toMatchObject({
    from: "agent_id",
    to: "manager",
  });
  // Nothing meets: no attribute is made up, and none stands alone, for both or neither are named.
  expect(suggest(shape("agent"), shape("member"))).toEqual({
    from: undefined,
    to: undefined,
    cardinality: "CARDINALITY_MANY_TO_ONE",
  });
});

test("attributes that are another entity's whole key are offered as relationships", () => {
  const attributes = [
    { code: "visit_id", key: true },
    { code: "member_id", key: false },
    { code: "", key: false },
  ];
  expect(likely(attributes, shapes, "visit")).toEqual([
    { to: "member", attribute: "member_id", cardinality: "CARDINALITY_MANY_TO_ONE" },
  ]);
  expect(likely([{ code: "member_id", key: true }], shapes)[0]?.cardinality).toBe("CARDINALITY_ONE_TO_ONE");
  expect(likely([{ code: "member_id", key: true }], shapes, "member")).toEqual([]);
});
