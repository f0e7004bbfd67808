import { describe, expect, it } from "vitest";
import { agrees, nearest } from "./truths";

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
