import { expect, test } from "vitest";
import { type Answer, isOld, missingWords, newestOf, periodWords, rowsOf } from "./metric-values";

const row = (start: string, end: string, number?: number) => ({
  start,
  end,
  value: number === undefined ? { missing: "MISSING_REASON_NO_ROWS" as const } : { number, text: String(number) },
});
const months = [
  row("2025-11-01", "2025-12-01", 0.9),
  row("2025-12-01", "2026-01-01", 0.8),
  row("2026-01-01", "2026-02-01", 1),
  row("2026-02-01", "2026-03-01", 1),
];
const compared = (...pairs: [string, string][]): Answer => ({
  rows: months,
  explanation: { sources: [{ snapshots: pairs.map(([start, end]) => ({ start, end })) }] },
});

test("what is compared with itself has no value", () => {
  const rows = rowsOf(
    compared(
      ["2025-11-01", "2025-12-01"],
      ["2025-12-01", "2026-01-01"],
      ["2026-01-01", "2026-01-01"],
      ["2026-01-01", "2026-01-01"],
    ),
  );
  expect(rows.map((one) => one.value?.number)).toEqual([0.9, 0.8, undefined, undefined]);
  expect(missingWords(rows[3])).toMatch(/No snapshot after .*2026/);
  expect(newestOf(rows)?.row.start).toBe("2025-12-01");
  // Where the pairs are not told period by period, what begins at the newest snapshot or after it has none either.
  expect(rowsOf(compared(["2025-11-01", "2026-01-01"])).map((one) => one.value?.number)).toEqual([
    0.9,
    0.8,
    undefined,
    undefined,
  ]);
  expect(rowsOf({ rows: months, explanation: {} })).toBe(months);
});

test("a month that still runs is compared with nothing", () => {
  expect(newestOf(months, "2026-02-10T00:00:00Z")).toEqual({ row: months[3], before: undefined });
  expect(newestOf(months, "2026-03-01T00:00:00Z")?.before).toBe(months[2]);
  expect(newestOf([row("2026-01-01", "2026-02-01")])).toBeUndefined();
  expect(periodWords(months[3] ?? {}, "GRAIN_MONTH", "2026-02-10T00:00:00Z")).toMatch(/so far$/);
  expect(missingWords(row("2026-01-01", "2026-02-01"))).toBe("No rows");
});

test("a value is old when there should be a newer one", () => {
  const february = months[3] ?? {};
  const span = { start: "2025-06-01", end: "2026-06-01" };
  expect(isOld(february, span, new Date("2026-03-20"))).toBe(false);
  expect(isOld(february, span, new Date("2026-05-01"))).toBe(true);
  // Of a span of the past nobody knows what came after it.
  expect(isOld(february, { start: "2025-03-01", end: "2026-03-01" }, new Date("2026-05-01"))).toBe(false);
});
