// Every page of the console, a line each: where it is, what it is called, which operation one must be allowed to call
// to see it, and where its code is. The rail, the router and the palette are made from this list.
import {
  type Icon,
  IconApi,
  IconArrowsSplit2,
  IconCalendarClock,
  IconChartLine,
  IconDatabase,
  IconFilter,
  IconFlask,
  IconHome,
  IconKey,
  IconMessages,
  IconProgressBolt,
  IconRoute,
  IconSitemap,
  IconStethoscope,
  IconTable,
  IconUser,
  IconUsersGroup,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Operation } from "@/api/contract";

export const wings = [
  { id: "home", title: "" },
  { id: "numbers", title: "Numbers" },
  { id: "data", title: "Data" },
  { id: "meaning", title: "Meaning" },
  { id: "work", title: "Work" },
  { id: "knowledge", title: "Knowledge" },
  { id: "assist", title: "Assist" },
  { id: "field", title: "Field" },
  { id: "platform", title: "Platform" },
] as const;

export type Wing = (typeof wings)[number]["id"];

/** What a page's folder exports: a list or one whole page, and where there are single things their detail and a form. */
export interface PageModule {
  List: ComponentType;
  Detail?: ComponentType;
  Create?: ComponentType;
}

export interface Page {
  path: string;
  wing: Wing;
  title: string;
  icon: Icon;
  /** The operation that the page lives of; null for everyone who is signed in. */
  needs: Operation | null;
  load: () => Promise<PageModule>;
  /** The operation behind `<path>/new`; without it there is no such page. */
  create?: Operation;
  /** Words it is found by in the palette besides its title. */
  words?: string;
}

/** Home is what a first visit loads: it does with the components that are there. Every other page brings the rest. */
const dressed = (load: Page["load"]) => async () => (await Promise.all([load(), import("./components-rest")]))[0];

const page = (
  wing: Wing,
  name: string,
  title: string,
  icon: Icon,
  needs: Operation | null,
  load: Page["load"],
  more: Pick<Page, "create" | "words"> = {},
): Page =>
  name === ""
    ? { path: "/", wing, title, icon, needs, load, ...more }
    : { path: `/${wing}/${name}`, wing, title, icon, needs, load: dressed(load), ...more };

// biome-ignore format: one line a page
export const pages: Page[] = [
  page("home", "", "Home", IconHome, null, () => import("@/pages/home"), { words: "health services start" }),
  page("meaning", "metrics", "Metrics", IconChartLine, "MetadataService_ListMetrics", () => import("@/pages/meaning/metrics"), { create: "MetadataService_CreateMetric", words: "kpi catalogue numbers formula" }),
  page("meaning", "required", "Required objects", IconSitemap, "MetadataService_GetUml", () => import("@/pages/meaning/required"), { words: "cart dependencies graph" }),
  page("meaning", "entities", "Entities", IconTable, "MetadataService_ListEntities", () => import("@/pages/meaning/entities"), { create: "MetadataService_CreateEntity", words: "objects tables ontology attributes" }),
  page("meaning", "value-chains", "Value chains", IconRoute, "MetadataService_ListValueChains", () => import("@/pages/meaning/value-chains"), { words: "modules industries" }),
  page("meaning", "relationships", "Relationships", IconArrowsSplit2, "MetadataService_ListRelationships", () => import("@/pages/meaning/relationships"), { create: "MetadataService_CreateRelationship", words: "links joins ontology" }),
  page("numbers", "simulation", "Simulation", IconFlask, "SimulationService_ListRuns", () => import("@/pages/numbers/simulation"), { create: "SimulationService_CreateRun", words: "scenarios generate synthetic data demo truth" }),
  page("data", "tables", "Tables", IconDatabase, "WarehouseService_ListTables", () => import("@/pages/data/tables"), { words: "rows records warehouse data" }),
  page("data", "drifts", "Drifts", IconStethoscope, "WarehouseService_ListDrifts", () => import("@/pages/data/drifts"), { words: "consistency repair schema tables" }),
  page("work", "operations", "Operations", IconProgressBolt, "OperationsService_ListOperations", () => import("@/pages/work/operations"), { words: "jobs long running work progress steps checkpoints rollback" }),
  page("work", "schedules", "Schedules", IconCalendarClock, "OperationsService_ListSchedules", () => import("@/pages/work/schedules"), { create: "OperationsService_CreateSchedule", words: "cron calendar recurring jobs" }),
  page("platform", "users", "Users", IconUser, "IdentityService_ListUsers", () => import("@/pages/platform/users"), { create: "IdentityService_CreateUser", words: "people accounts" }),
  page("platform", "groups", "Groups", IconUsersGroup, "IdentityService_ListGroups", () => import("@/pages/platform/groups"), { create: "IdentityService_CreateGroup", words: "teams roles" }),
  page("platform", "row-filters", "Row filters", IconFilter, "IdentityService_ListRowFilters", () => import("@/pages/platform/row-filters"), { create: "IdentityService_CreateRowFilter", words: "row level security permissions access conditions" }),
  page("platform", "tokens", "API tokens", IconKey, "IdentityService_ListTokens", () => import("@/pages/platform/tokens"), { create: "IdentityService_CreateToken", words: "secrets keys access" }),
  page("platform", "messaging", "Messaging", IconMessages, "MessagingService_ListTopics", () => import("@/pages/platform/messaging"), { words: "topics events bus subscriptions consumers lag dead letters replay tail" }),
  page("platform", "api", "API reference", IconApi, null, () => import("@/pages/platform/api"), { words: "docs openapi grpc" }),
];
