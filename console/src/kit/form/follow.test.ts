import { expect, test } from "vitest";
import { codeOfName, followCode } from "./follow";

const type = (now: Record<string, unknown>, change: Record<string, unknown>) =>
  followCode(now, { ...now, ...change }, codeOfName);

test("the code follows the name, until someone writes one", () => {
  let value = type({}, { name: "Cl" });
  expect(value.code).toBe("cl");
  value = type(value, { name: "Claim" });
  expect(value.code).toBe("claim");
  value = type(value, { code: "bill" });
  value = type(value, { name: "Claims" });
  expect(value.code).toBe("bill");
});

test("a code that was there is not overwritten, and an empty name suggests none", () => {
  expect(type({ name: "Claim", code: "bill" }, { name: "Claims" }).code).toBe("bill");
  expect(type({ name: "C", code: "c" }, { name: "" }).code).toBeUndefined();
  expect(type({ name: "Claim", code: "claim" }, { description: "x" }).code).toBe("claim");
});
