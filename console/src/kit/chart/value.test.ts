import { expect, test } from "vitest";
import { formatValue } from "./value";

test("values follow the metric's format", () => {
  expect(formatValue(0.9047, "0.0%")).toMatch(/90[.,]5\s?%/);
  expect(formatValue(1234.5, "#,##0.00", "EUR")).toMatch(/1.?234[.,]50 EUR/);
  expect(formatValue(null)).toBe("–");
  expect(formatValue(12_345_678, "", "", true)).toMatch(/12/);
});
