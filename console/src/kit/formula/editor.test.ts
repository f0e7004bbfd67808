import { expect, test } from "vitest";
import { toDiagnostics } from "./editor";
import { problemsOf } from "./vocabulary";

test("an error of the server stands where it says", () => {
  const problems = problemsOf([
    { field: "formula", description: "line 2, column 5: no attribute amoun", reason: "UNKNOWN_ATTRIBUTE" },
  ]);
  expect(problems).toEqual([{ line: 2, column: 5, message: "no attribute amoun" }]);
  const [one] = toDiagnostics("sum(\n    amoun)", problems);
  expect([one?.from, one?.to]).toEqual([9, 14]);
});

test("a place behind the end stays within the text", () => {
  const [one] = toDiagnostics("a +", [{ line: 9, column: 99, message: "x" }]);
  expect(one?.to).toBeLessThanOrEqual(3);
});
