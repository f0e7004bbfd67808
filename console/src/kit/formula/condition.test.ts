import { expect, test } from "vitest";
import { asFormula } from "./condition";

test("a condition keeps its lines when it is checked, one further down", () => {
  expect(asFormula("policy", "policy_id", "a = 1\nand b = 2").split("\n")).toEqual([
    "count(policy.policy_id where",
    "a = 1",
    "and b = 2",
    ")",
  ]);
});
