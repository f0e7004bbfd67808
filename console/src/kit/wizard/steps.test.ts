import { expect, test } from "vitest";
import { begunOf, forget, keep, openStep } from "./steps";

const steps = (...holds: boolean[]) => holds.map((one, index) => ({ id: `s${index}`, holds: one }));

test("no step is open beyond the first that does not hold", () => {
  expect(openStep(steps(true, true, true), "s2")).toBe(2);
  expect(openStep(steps(true, false, true), "s2")).toBe(1);
  expect(openStep(steps(false, true), undefined)).toBe(0);
  expect(openStep(steps(true, true), "no such step")).toBe(0);
});

test("what was begun is kept until it is finished", () => {
  expect(begunOf("entity")).toBeUndefined();
  keep("entity", { name: "Visit" });
  keep("other", { name: "x" });
  expect(begunOf("entity")?.value).toEqual({ name: "Visit" });
  forget("entity");
  expect(begunOf("entity")).toBeUndefined();
  expect(begunOf("other")).toBeDefined();
});
