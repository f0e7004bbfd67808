// How entities belong together, as their keys and attributes tell it: what is part of what, and what a new relationship
// between two of them is likely to be.
import type { Message } from "@/api/contract";
import { lineKey, type Wholes } from "./graph";

type Graph = Message<"tessera.metadata.v1.Graph">;
type Relationship = Message<"tessera.metadata.v1.Relationship">;
type Cardinality = Message<"tessera.metadata.v1.Cardinality">;

/** As much of an entity as is needed to relate it. */
export interface Shape {
  code: string;
  /** Codes of its attributes. */
  attributes: string[];
  /** Those of them that make its key. */
  key: string[];
}

/** The code that a line of a box begins with: `member_id: string {key}`. */
export const attributeOf = (line: string): string => /^[a-z0-9_]+/.exec(line)?.[0] ?? "";

/** The shapes of the entities of a graph, by code. */
export function shapesOf(graph: Graph | undefined): Map<string, Shape> {
  const found = new Map<string, Shape>();
  for (const node of graph?.nodes ?? []) {
    if (node.kind !== "DEFINITION_KIND_ENTITY") continue;
    const code = (node.id ?? "").replace(/^entity\./, "");
    const lines = node.lines ?? [];
    found.set(code, {
      code,
      attributes: lines.map(attributeOf),
      key: lines.filter((line) => line.endsWith("{key}")).map(attributeOf),
    });
  }
  return found;
}

/**
 * The end whose rows are made of those of the other: a row that is known by the row it refers to has that reference in
 * its key and is not there without it, which UML draws as a composition. All else is an association.
 */
export function wholeOf(relationship: Relationship, shapes: Map<string, Shape>): "from" | "to" | undefined {
  const { from, to, cardinality } = relationship;
  const within = (end: Relationship["from"]) =>
    Boolean(end?.attribute && shapes.get(end.entity ?? "")?.key.includes(end.attribute));
  if (from?.entity === to?.entity) return undefined;
  if (cardinality === "CARDINALITY_MANY_TO_ONE" || cardinality === "CARDINALITY_ONE_TO_ONE")
    return within(from) ? "to" : undefined;
  if (cardinality === "CARDINALITY_ONE_TO_MANY") return within(to) ? "from" : undefined;
  return undefined;
}

/** The compositions among relationships, by the lines of the graph. */
export function wholesOf(relationships: Relationship[], graph: Graph | undefined): Wholes {
  const shapes = shapesOf(graph);
  const found: Wholes = new Map();
  for (const one of relationships) {
    const whole = wholeOf(one, shapes);
    if (whole) found.set(lineKey(`entity.${one.from?.entity}`, `entity.${one.to?.entity}`, one.name), whole);
  }
  return found;
}

/** What a new relationship between two entities most likely is: which attributes meet, and how many on each side. */
export function suggest(
  from: Shape,
  to: Shape,
  given: { from?: string; to?: string } = {},
): { from?: string; to?: string; cardinality: Cardinality } {
  const other = from.code === to.code;
  const shared = [...to.key, ...to.attributes].find(
    (code) => (!given.from || given.from === code) && from.attributes.includes(code) && !(other && !given.from),
  );
  // `policy.holder_id` is likely the key of `holder`, whatever that is called there.
  const named = from.attributes.find(
    (code) => code === `${to.code}_id` || code === `${to.code}_code` || code === to.code,
  );
  const near = given.from ?? (given.to && from.attributes.includes(given.to) ? given.to : (shared ?? named));
  const far = given.to ?? (near && to.attributes.includes(near) ? near : near ? to.key[0] : undefined);
  const whole = (shape: Shape, code: string | undefined) => shape.key.length === 1 && shape.key[0] === code;
  const [one, many] = [whole(from, near), whole(to, far)];
  const cardinality =
    one && many ? "CARDINALITY_ONE_TO_ONE" : one && far ? "CARDINALITY_ONE_TO_MANY" : "CARDINALITY_MANY_TO_ONE";
  return { from: far ? near : undefined, to: near ? far : undefined, cardinality };
}

/** The entities that rows with these attributes likely refer to, each with the attributes that meet. */
export function likely(
  attributes: { code: string; key: boolean }[],
  shapes: Map<string, Shape>,
  self = "",
): { to: string; attribute: string; cardinality: Cardinality }[] {
  return [...shapes.values()].flatMap((shape) => {
    const only = shape.key.length === 1 ? shape.key[0] : undefined;
    const meeting = attributes.find((one) => one.code !== "" && one.code === only);
    if (!meeting || shape.code === self) return [];
    const alone = meeting.key && attributes.filter((one) => one.key).length === 1;
    return [
      {
        to: shape.code,
        attribute: meeting.code,
        cardinality: (alone ? "CARDINALITY_ONE_TO_ONE" : "CARDINALITY_MANY_TO_ONE") as Cardinality,
      },
    ];
  });
}
