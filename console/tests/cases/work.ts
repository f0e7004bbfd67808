// Pages of work and messages: operations, schedules, topics, consumers.
import { api, world } from "../world";
import { type Case, fixed, time, uuid } from "./case";

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

export const work: Case[] = [
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
];
