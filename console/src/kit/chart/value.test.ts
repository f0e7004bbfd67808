import { expect, test } from "vitest";
import { axisFormat, formatValue } from "./value";

test("values follow the metric's format", () => {
  expect(formatValue(0.9047, "0.0%")).toMatch(/90[.,]5\s?%/);
  expect(formatValue(1234.5, "#,##0.00", "EUR")).toMatch(/1.?234[.,]50 EUR/);
  expect(formatValue(null)).toBe("–");
  expect(formatValue(12_345_678, "", "", true)).toMatch(/12/);
});

test("no two names of an axis are the same", () => {
  const narrow = axisFormat([0.8995, 0.902], "0.0%");
  expect(new Set([0.8995, 0.9, 0.9005, 0.901].map(narrow)).size).toBe(4);
  expect(axisFormat([0, 1], "0.0%")(0.5)).toMatch(/^50\s?%$/);
  expect(axisFormat([100, 900])(250)).toBe("250");
});
