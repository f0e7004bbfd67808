import { expect, test } from "vitest";
import { told } from "./told";

const row = (start: string, end: string, number: number | undefined, group?: string) => ({
  start,
  end,
  value: { number },
  dimensions: group ? [{ code: "region", value: group }] : [],
});

test("of each period the latest word is drawn, the earliest period first", () => {
  const drawn = told([
    row("2026-02-01", "2026-03-01", 0.8),
    row("2026-01-01", "2026-02-01", 0.9),
    row("2026-01-01", "2026-02-01", 0.7),
  ]);
  expect(drawn.values).toEqual([0.9, 0.8]);
  expect(drawn.axis).toHaveLength(2);
});

test("groups, and what is of all time, are no points; a period without a value is a gap", () => {
  const drawn = told([
    row("2026-01-01", "2026-02-01", 0.9, "north"),
    row("", "", 5),
    row("2026-02-01", "2026-03-01", undefined),
  ]);
  expect(drawn.values).toEqual([null]);
});
