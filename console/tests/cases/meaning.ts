// Pages of definitions: metrics, what they need, entities, value chains, relationships.
import { byCode, type Case, fixed, TOTAL, time, uuid } from "./case";

const definition = (kind: string) => (number: number) => ({
  id: uuid(number),
  code: `${kind}_${number}`,
  name: `${kind.replace(/^./, (c) => c.toUpperCase())} ${number}`,
  description: "One of ten thousand.",
  state: "STATE_ACTIVE",
  version: "1",
  etag: "v1",
  updateTime: time,
});

/** A graph of ten thousand entities. */
const graph = {
  graph: {
    nodes: Array.from({ length: TOTAL }, (_, number) => ({
      id: `entity.entity_${number}`,
      kind: "DEFINITION_KIND_ENTITY",
      label: `Entity ${number}`,
      definitionId: uuid(number),
      lines: ["id: string {key}"],
    })),
    links: [],
  },
};

export const meaning: Case[] = [
  {
    name: "metrics",
    path: fixed("/meaning/metrics"),
    title: /Metrics/,
    asks: "**/api/v1/metadata/metrics?**",
    empty: { says: /No metrics yet/, answer: {} },
    many: { field: "metrics", row: definition("metric"), says: "10,000 metrics" },
  },
  { name: "metric", path: byCode("metrics", "loss_ratio"), title: /Loss ratio/, asks: "**/api/v1/metadata/metrics/*" },
  { name: "metric-formula", path: byCode("metrics", "claims_paid", "?tab=formula"), title: /Claims paid/ },
  {
    name: "metric-published",
    path: byCode("metrics", "loss_ratio", "?tab=published"),
    title: /Loss ratio/,
    asks: "**/api/v1/calculation/publications?**",
    empty: { says: /Nothing was published yet/, answer: {} },
  },
  { name: "metric-objects", path: byCode("metrics", "loss_ratio", "?tab=objects"), title: /Loss ratio/ },
  { name: "metric-benchmarks", path: byCode("metrics", "loss_ratio", "?tab=benchmarks"), title: /Loss ratio/ },
  { name: "metric-metadata", path: byCode("metrics", "loss_ratio", "?tab=metadata"), title: /Loss ratio/ },
  { name: "metric-edit", path: byCode("metrics", "claims_paid", "?edit=1"), title: /Edit Claims paid/ },
  { name: "metric-new", path: fixed("/meaning/metrics/new"), title: /New metric/ },
  {
    name: "required",
    path: fixed("/meaning/required"),
    title: /Required objects/,
    asks: "**/api/v1/metadata/graph/uml**",
    empty: { says: /The cart is empty/ },
    many: {
      // A metric that needs everything there is.
      row: () => ({
        graph: {
          nodes: [
            { id: "metric.loss_ratio", kind: "DEFINITION_KIND_METRIC", label: "Loss ratio" },
            ...graph.graph.nodes,
          ],
          links: graph.graph.nodes.map((node) => ({ source: "metric.loss_ratio", target: node.id, type: "reference" })),
        },
      }),
      says: /needs 10,000 entities/,
      atOnce: true,
    },
  },
  {
    name: "entities",
    path: fixed("/meaning/entities"),
    title: /Entities/,
    asks: "**/api/v1/metadata/entities?**",
    empty: { says: /No entities yet/, answer: {} },
    many: { field: "entities", row: definition("entity"), says: "10,000 entities" },
  },
  {
    name: "entities-modules",
    path: fixed("/meaning/entities?view=modules"),
    title: /Entities/,
    asks: "**/api/v1/metadata/entities?**",
    empty: { says: /No entities yet/, answer: {} },
    many: { field: "entities", row: definition("entity"), says: "10,000 entities in 1 group", atOnce: true },
  },
  {
    name: "entities-diagram",
    path: fixed("/meaning/entities?view=diagram"),
    title: /Entities/,
    asks: "**/api/v1/metadata/graph/uml**",
    empty: { says: /Nothing to draw/, answer: { graph: {} } },
    many: { row: () => graph, says: /^10,000 entities, 0 relationships$/, atOnce: true },
  },
  { name: "entity", path: byCode("entities", "policy"), title: /Policy/, asks: "**/api/v1/metadata/entities/*" },
  { name: "entity-diagram", path: byCode("entities", "policy", "?tab=diagram"), title: /Policy/ },
  { name: "entity-history", path: byCode("entities", "policy", "?tab=history"), title: /Policy/ },
  { name: "entity-edit", path: byCode("entities", "policy", "?edit=1"), title: /Edit Policy/ },
  { name: "entity-new", path: fixed("/meaning/entities/new"), title: /New entity/ },
  { name: "entity-guide", path: fixed("/meaning/entities/new?guided=1"), title: /New entity, step by step/ },
  {
    name: "value-chains",
    path: fixed("/meaning/value-chains"),
    title: /Value chains/,
    asks: "**/api/v1/metadata/value-chains?**",
    empty: { says: /No value chains yet/, answer: {} },
    many: { field: "valueChains", row: definition("chain"), says: "10,000 value chains" },
  },
  {
    name: "value-chain",
    path: byCode("value-chains", "retail_health"),
    title: /Retail health/,
    asks: "**/api/v1/metadata/value-chains/*",
  },
  {
    name: "relationships",
    path: fixed("/meaning/relationships"),
    title: /Relationships/,
    asks: "**/api/v1/metadata/relationships?**",
    empty: { says: /No relationships yet/, answer: {} },
    many: { field: "relationships", row: definition("relationship"), says: "10,000 relationships" },
  },
  {
    name: "relationship",
    path: byCode("relationships", "policy_held_by_member"),
    title: /is held by/,
    asks: "**/api/v1/metadata/relationships/*",
  },
  { name: "relationship-new", path: fixed("/meaning/relationships/new"), title: /New relationship/ },
];
