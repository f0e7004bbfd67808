import { expect, test } from "vitest";
import { choices, codeOf, count, formatAgo, formatDuration, words } from "./format";

test("enum values become words", () => {
  expect(words("ENTITY_KIND_EVENT")).toBe("Event");
  expect(words("STATE_DEPRECATED")).toBe("Deprecated");
  expect(words("METRIC_TYPE_SET_BASED")).toBe("Set based");
  expect(words(undefined)).toBe("");
  expect(choices("tessera.metadata.v1.State").map((one) => one.label)).toEqual(["Draft", "Active", "Deprecated"]);
});

test("names become codes", () => {
  expect(codeOf("Monthly premium (€)")).toBe("monthly_premium");
  expect(codeOf("2. Übergang")).toBe("ubergang");
});

test("times ago", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  expect(formatAgo("2026-01-01T23:59:20Z", now)).toMatch(/40/);
  expect(formatAgo("2025-12-31T00:00:00Z", now)).toMatch(/2/);
  expect(count(1, "entity", "entities")).toBe("1 entity");
});

test("durations as one says them", () => {
  expect(formatDuration("0.001314815s")).toBe("1.3 ms");
  expect(formatDuration("86400s")).toBe("1 day");
  expect(formatDuration("5400s")).toBe("90 minutes");
  expect(formatDuration("2.5s")).toBe("2.5 seconds");
  expect(formatDuration(undefined)).toBe("");
});
