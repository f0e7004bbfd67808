// Every page, how to get to it, and what it asks the edge for: what can be slow, fail, be empty, or be very much.
import { api, world } from "./world";

export interface Case {
  name: string;
  path: () => Promise<string>;
  /** The heading of the page when all is well. */
  title: RegExp;
  /** What the edge is asked for; without it nothing can fail or be missing. */
  asks?: string;
  /** Whether everyone who is signed in may see it. */
  open?: true;
  /** The heading of it with nothing in it; `answer` is the edge's empty answer to `asks` where the page is not empty by itself. */
  empty?: { says: RegExp; answer?: object };
  /** A page of ten thousand, as the edge would answer it, and how the page counts them. */
  many?: {
    /** A row of it. */
    row: (number: number) => object;
    /** The field of the answer that holds them; without it `row` makes the whole answer. */
    field?: string;
    says: string | RegExp;
    /** The label of the table, where the page has more than one. */
    grid?: string;
    /** Whether the count is there at once, without scrolling to the end. */
    atOnce?: true;
  };
}

const TOTAL = 10_000;
const fixed = (path: string) => async () => path;
const ask = (path: string) => api(world().edge, world().admin)("GET", path);
const first =
  (list: string, field: string, home: string, tab = "", key = "id") =>
  async () => {
    const one = ((await ask(list))[field] as Record<string, string>[])[0];
    return `${home}/${one?.[key]}${tab}`;
  };
const byCode =
  (kind: string, code: string, tab = "") =>
  async () => {
    const one = await ask(`/api/v1/metadata/${kind}/by-code/${code}`);
    return `/meaning/${kind}/${one.id as string}${tab}`;
  };
/** An operation that has ended, and a schedule; the same ones each time. */
const operation =
  (tab = "") =>
  async () => {
    const call = api(world().edge, world().admin);
    const made = await call("POST", "/api/v1/operations/operations", {
      operation: { service: "warehouse", kind: "warehouse.check-tables", title: "Compare all tables" },
      requestId: "console-cases",
    });
    await call("GET", `/api/v1/operations/operations/${made.id as string}:wait?timeout=30s`);
    return `/work/operations/${made.id as string}${tab}`;
  };
const schedule =
  (tab = "") =>
  async () => {
    const made = await api(world().edge, world().admin)("POST", "/api/v1/operations/schedules", {
      schedule: {
        service: "warehouse",
        name: "Compare all tables every night",
        kind: "warehouse.check-tables",
        cron: "0 3 * * *",
        timeZone: "Europe/Vienna",
      },
      requestId: "console-cases",
    });
    return `/work/schedules/warehouse~${made.id as string}${tab}`;
  };

export const uuid = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`;
const definition = (kind: string) => (number: number) => ({
  id: uuid(number),
  code: `${kind}_${number}`,
  name: `${kind.replace(/^./, (c) => c.toUpperCase())} ${number}`,
  description: "One of ten thousand.",
  state: "STATE_ACTIVE",
  version: "1",
  etag: "v1",
  updateTime: "2026-01-31T12:00:00Z",
});
const time = "2026-01-31T12:00:00Z";
const letter = (number: number) => ({
  position: String(number + 1),
  id: uuid(number),
  topic: "story.told",
  key: `key-${number}`,
  publishTime: time,
  eventTime: time,
  source: "story",
  storedBytes: "900",
  json: { says: "hello" },
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

export const cases: Case[] = [
  { name: "home", path: fixed("/"), title: /Home/, open: true },
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
  {
    name: "simulation",
    path: fixed("/numbers/simulation"),
    title: /Simulation/,
    asks: "**/api/v1/simulation/runs?**",
    empty: { says: /No runs yet/, answer: {} },
    many: {
      field: "runs",
      row: (number) => ({
        id: uuid(number),
        scenario: "health_retention",
        state: "RUN_STATE_SUCCEEDED",
        startDate: "2026-01-01",
        endDate: "2026-01-31",
        rowsWritten: String(number),
        rowsTotal: String(number),
        seed: "1",
        createTime: time,
      }),
      says: "10,000 runs",
    },
  },
  {
    name: "simulation-run",
    path: first("/api/v1/simulation/runs", "runs", "/numbers/simulation"),
    title: /Seasonal peak|Sales growth|Health retention/,
    asks: "**/api/v1/simulation/runs/*",
  },
  { name: "simulation-new", path: fixed("/numbers/simulation/new"), title: /New run/ },
  {
    name: "tables",
    path: fixed("/data/tables"),
    title: /Tables/,
    asks: "**/api/v1/warehouse/tables?**",
    empty: { says: /No tables yet/, answer: {} },
    many: {
      field: "tables",
      row: (number) => ({
        entity: `entity_${number}`,
        name: `t_${number}`,
        state: "TABLE_STATE_ACTIVE",
        rows: String(number * 100),
        updateTime: time,
      }),
      says: "10,000 tables",
    },
  },
  { name: "table", path: fixed("/data/tables/policy"), title: /policy/, asks: "**/api/v1/warehouse/tables/policy" },
  {
    name: "table-rows",
    path: fixed("/data/tables/member"),
    title: /member/,
    asks: "**/api/v1/warehouse/tables/member/records?**",
    empty: { says: /No rows yet/, answer: {} },
    many: {
      field: "records",
      row: (number) => ({
        id: uuid(number),
        etag: "v1",
        values: { member_id: `M${number}`, full_name: `Member ${number}`, joined_on: "2026-01-31", region_code: "N" },
      }),
      says: "10,000 rows",
    },
  },
  { name: "table-columns", path: fixed("/data/tables/policy?tab=columns"), title: /policy/ },
  { name: "table-schema", path: fixed("/data/tables/policy?tab=schema"), title: /policy/ },
  {
    name: "drifts",
    path: fixed("/data/drifts"),
    title: /Drifts/,
    asks: "**/api/v1/warehouse/drifts?**",
    empty: { says: /No drifts yet/, answer: {} },
    many: {
      field: "drifts",
      row: (number) => ({
        id: uuid(number),
        entity: "policy",
        kind: "DRIFT_KIND_MISSING_COLUMN",
        state: "DRIFT_STATE_REPAIRED",
        description: `column c_${number} is missing`,
        sql: ["ALTER TABLE policy ADD COLUMN c"],
        createTime: time,
        repairTime: time,
      }),
      says: "10,000 drifts",
    },
  },
  {
    name: "operations",
    path: fixed("/work/operations"),
    title: /Operations/,
    asks: "**/api/v1/operations/operations?**",
    empty: { says: /No operations yet/, answer: {} },
    many: {
      field: "operations",
      row: (number) => ({
        id: uuid(number),
        service: "simulation",
        kind: "simulation.run",
        title: `World ${number}`,
        state: "OPERATION_STATE_SUCCEEDED",
        done: true,
        progress: { done: String(number), total: String(number) },
        actor: "system:worker",
        createTime: time,
      }),
      says: "10,000 operations",
    },
  },
  { name: "operation", path: operation(), title: /Compare all tables/, asks: "**/api/v1/operations/operations/*" },
  { name: "operation-steps", path: operation("?tab=steps"), title: /Compare all tables/ },
  { name: "operation-checkpoints", path: operation("?tab=checkpoints"), title: /Compare all tables/ },
  { name: "operation-data", path: operation("?tab=data"), title: /Compare all tables/ },
  { name: "operation-audit", path: operation("?tab=audit"), title: /Compare all tables/ },
  {
    name: "schedules",
    path: fixed("/work/schedules"),
    title: /Schedules/,
    asks: "**/api/v1/operations/schedules?**",
    empty: { says: /No schedules yet/, answer: {} },
    many: {
      field: "schedules",
      row: (number) => ({
        id: uuid(number),
        service: "warehouse",
        name: `Schedule ${number}`,
        kind: "warehouse.check-tables",
        cron: "0 3 * * *",
        timeZone: "UTC",
        nextTime: time,
      }),
      says: "10,000 schedules",
    },
  },
  {
    name: "schedule",
    path: schedule(),
    title: /Compare all tables every night/,
    asks: "**/api/v1/operations/schedules/warehouse/*",
  },
  { name: "schedule-edit", path: schedule("?tab=edit"), title: /Compare all tables every night/ },
  { name: "schedule-new", path: fixed("/work/schedules/new"), title: /New schedule/ },
  {
    name: "messaging",
    path: fixed("/platform/messaging"),
    title: /Messaging/,
    asks: "**/api/v1/messaging/topics?**",
    empty: { says: /No topics yet/, answer: {} },
    many: {
      field: "topics",
      row: (number) => ({
        name: `story.v1.Told${number}`,
        messages: String(number),
        bytes: String(number * 900),
        subscriptions: 1,
        firstTime: time,
        lastTime: time,
      }),
      says: "10,000 topics",
    },
  },
  {
    name: "messaging-messages",
    path: fixed("/platform/messaging?topic=story.told"),
    title: /Messaging/,
    asks: "**/api/v1/messaging/messages?**",
    empty: { says: /No messages/, answer: {} },
    many: { field: "messages", row: letter, grid: "Messages", says: "10,000 messages" },
  },
  { name: "messaging-tail", path: fixed("/platform/messaging?tab=tail"), title: /Messaging/ },
  {
    name: "messaging-consumers",
    path: fixed("/platform/messaging?tab=consumers&of=services"),
    title: /Messaging/,
    asks: "**/api/v1/messaging/subscriptions?**",
    empty: { says: /No subscriptions yet/, answer: {} },
    many: {
      field: "subscriptions",
      row: (number) => ({
        id: uuid(number),
        service: "metadata",
        name: `consumer ${number}`,
        pattern: "story.>",
        figures: { lag: String(number), lagIsExact: true, inFlight: 1, waiting: "2", failed: "3", deadLetters: "4" },
      }),
      says: "10,000 subscriptions",
    },
  },
  {
    name: "messaging-dead-letters",
    path: fixed("/platform/messaging?tab=dead"),
    title: /Messaging/,
    asks: "**/api/v1/messaging/dead-letters?**",
    empty: { says: /No dead letters/, answer: {} },
    many: {
      field: "deadLetters",
      row: (number) => ({
        id: uuid(number),
        reason: "the consumer refused it",
        attempts: 5,
        createTime: time,
        message: letter(number),
      }),
      says: "10,000 dead letters",
    },
  },
  {
    name: "users",
    path: fixed("/platform/users"),
    title: /Users/,
    asks: "**/api/v1/identity/users?**",
    empty: { says: /No users yet/, answer: {} },
    many: {
      field: "users",
      row: (number) => ({
        id: uuid(number),
        email: `user${number}@example.com`,
        displayName: `User ${number}`,
        state: "USER_STATE_ACTIVE",
      }),
      says: "10,000 users",
    },
  },
  {
    name: "user",
    path: first("/api/v1/identity/users", "users", "/platform/users"),
    title: /Ada|Admin|Vera/,
    asks: "**/api/v1/identity/users/*",
  },
  {
    name: "user-edit",
    path: first("/api/v1/identity/users", "users", "/platform/users", "?edit=1"),
    title: /Edit (Ada|Admin|Vera)/,
  },
  { name: "user-new", path: fixed("/platform/users/new"), title: /New user/ },
  {
    name: "groups",
    path: fixed("/platform/groups"),
    title: /Groups/,
    asks: "**/api/v1/identity/groups?**",
    empty: { says: /No groups yet/, answer: {} },
    many: {
      field: "groups",
      row: (number) => ({ id: uuid(number), name: `Group ${number}`, description: "One of many", updateTime: time }),
      says: "10,000 groups",
    },
  },
  {
    name: "group",
    path: first("/api/v1/identity/groups", "groups", "/platform/groups"),
    title: /Analysts/,
    asks: "**/api/v1/identity/groups/*",
  },
  {
    name: "group-members",
    path: first("/api/v1/identity/groups", "groups", "/platform/groups"),
    title: /Analysts/,
    asks: "**/api/v1/identity/groups/*/members**",
    empty: { says: /Nobody is in this group yet/, answer: {} },
    many: {
      field: "members",
      row: (number) => ({
        userId: uuid(number),
        email: `user${number}@example.com`,
        displayName: `User ${number}`,
        joinTime: time,
      }),
      says: "10,000 members",
    },
  },
  {
    name: "group-edit",
    path: first("/api/v1/identity/groups", "groups", "/platform/groups", "?edit=1"),
    title: /Edit Analysts/,
  },
  { name: "group-new", path: fixed("/platform/groups/new"), title: /New group/ },
  {
    name: "row-filters",
    path: fixed("/platform/row-filters"),
    title: /Row filters/,
    asks: "**/api/v1/identity/row-filters?**",
    empty: { says: /No row filters yet/, answer: {} },
    many: {
      field: "rowFilters",
      row: (number) => ({
        id: uuid(number),
        name: `Filter ${number}`,
        role: "viewer",
        entity: "policy",
        condition: `region_code = '${number}'`,
        updateTime: time,
      }),
      says: "10,000 row filters",
    },
  },
  {
    name: "row-filter",
    path: first("/api/v1/identity/row-filters", "rowFilters", "/platform/row-filters"),
    title: /Analysts of the north/,
    asks: "**/api/v1/identity/row-filters/*",
  },
  {
    name: "row-filter-edit",
    path: first("/api/v1/identity/row-filters", "rowFilters", "/platform/row-filters", "?edit=1"),
    title: /Edit Analysts of the north/,
  },
  { name: "row-filter-new", path: fixed("/platform/row-filters/new"), title: /New row filter/ },
  {
    name: "tokens",
    path: fixed("/platform/tokens"),
    title: /API tokens/,
    asks: "**/api/v1/identity/tokens**",
    open: true,
    empty: { says: /No tokens yet/, answer: {} },
    many: {
      field: "tokens",
      row: (number) => ({ id: uuid(number), name: `Token ${number}`, createTime: time }),
      says: "10,000 tokens",
    },
  },
  { name: "token-new", path: fixed("/platform/tokens/new"), title: /New API token/, open: true },
  {
    name: "api",
    path: fixed("/platform/api"),
    title: /API reference/,
    asks: "**/openapi.json",
    open: true,
    empty: { says: /No call fits/, answer: { paths: {} } },
    many: {
      row: () => ({
        paths: Object.fromEntries(
          Array.from({ length: TOTAL }, (_, number) => [
            `/api/v1/many/${number}`,
            { get: { operationId: `Many_${number}`, tags: ["many"], summary: `Call ${number}` } },
          ]),
        ),
      }),
      says: "10,000 calls",
      atOnce: true,
    },
  },
];

/** Answers a list's pages of a case with ten thousand rows: five thousand each, so that the table is tried and not the way. */
export function manyAnswer(one: NonNullable<Case["many"]>, url: URL): object {
  if (!one.field) return one.row(0);
  const begin = Number(url.searchParams.get("pageToken") ?? 0);
  const end = Math.min(TOTAL, begin + 5000);
  const rows = Array.from({ length: end - begin }, (_, index) => one.row(begin + index));
  return { [one.field]: rows, nextPageToken: end < TOTAL ? String(end) : "", totalSize: String(TOTAL) };
}
