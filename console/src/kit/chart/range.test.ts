import { expect, test } from "vitest";
import { before, grainFor, noFiner, periodName, spanOf } from "./range";

const now = new Date("2026-11-21T12:00:00Z");

test("choices are days", () => {
  expect(spanOf("12m", now)).toEqual({ start: "2025-12-01", end: "2026-12-01" });
  expect(spanOf("30d", now)).toEqual({ start: "2026-10-23", end: "2026-11-22" });
  expect(spanOf("2026-01-01..2026-04-01", now)).toEqual({ start: "2026-01-01", end: "2026-04-01" });
});

test("what is compared with is as long and ends where the other begins", () => {
  expect(before({ start: "2026-01-01", end: "2026-04-01" })).toEqual({ start: "2025-10-01", end: "2026-01-01" });
  expect(before({ start: "2026-03-10", end: "2026-03-20" })).toEqual({ start: "2026-02-28", end: "2026-03-10" });
  expect(grainFor(spanOf("12m", now))).toBe("GRAIN_MONTH");
  expect(noFiner("GRAIN_WEEK", "GRAIN_MONTH")).toBe("GRAIN_MONTH");
  expect(noFiner("GRAIN_YEAR", "GRAIN_MONTH")).toBe("GRAIN_YEAR");
  expect(noFiner("GRAIN_DAY", "GRAIN_HOUR")).toBe("GRAIN_DAY");
  expect(periodName("2026-04-01", "GRAIN_QUARTER")).toBe("2026 Q2");
});
