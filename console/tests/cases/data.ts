// Pages of rows: generated worlds, tables, drifts.
import { type Case, first, fixed, time, uuid } from "./case";

export const data: Case[] = [
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
];
