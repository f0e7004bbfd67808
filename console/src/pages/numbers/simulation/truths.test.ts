import { describe, expect, it, test } from "vitest";
import { agrees, finest, nearest } from "./truths";

describe("truth and result", () => {
  it("reads fractions", () => {
    expect(nearest("19/20")).toBe(0.95);
    expect(nearest("12.5")).toBe(12.5);
    expect(nearest("")).toBeNull();
  });

  it("agrees by fraction, by digits and by value", () => {
    expect(agrees("1/3", { fraction: "1/3", text: "0.333" })).toBe(true);
    expect(agrees("0.9", { text: "0.9" })).toBe(true);
    expect(agrees("9/10", { text: "0.9" })).toBe(true);
    expect(agrees("0.9", { text: "0.90001" })).toBe(false);
    expect(agrees("", {})).toBe(true);
    expect(agrees("0.9", undefined)).toBe(false);
  });
});

test("the chart shows periods of one kind, those that there are most of", () => {
  const row = (start: string, end: string) => ({ truth: { start, end } });
  const months = [row("2025-01-01", "2025-02-01"), row("2025-02-01", "2025-03-01"), row("2025-03-01", "2025-04-01")];
  expect(finest([row("2025-01-01", "2026-01-01"), ...months])).toEqual(months);
  const days = ["01", "02", "03", "04"].map((at) => row(`2025-01-${at}`, `2025-01-0${Number(at) + 1}`));
  expect(finest([...months, ...days, { truth: {} }])).toEqual(days);
  // The last one is cut short where the world ends within it.
  const cut = [...months, row("2025-04-01", "2025-04-21")];
  expect(finest([row("2025-01-01", "2025-04-21"), ...cut])).toEqual(cut);
  expect(finest([])).toEqual([]);
});
