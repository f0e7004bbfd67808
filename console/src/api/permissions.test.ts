import { expect, test } from "vitest";
import { allows } from "./permissions";

test("stars stand for whole segments", () => {
  expect(allows(["*"], "anything.at.all")).toBe(true);
  expect(allows(["*.read"], "metadata.entities.read")).toBe(true);
  expect(allows(["*.read"], "metadata.entities.write")).toBe(false);
  expect(allows(["*.read"], "read")).toBe(false);
  expect(allows(["metadata.*"], "metadata.entities.write")).toBe(true);
  expect(allows(["metadata.*"], "metadata2.entities.write")).toBe(false);
  expect(allows(["identity.self.write"], "identity.self.write")).toBe(true);
  expect(allows([], "identity.self.write")).toBe(false);
  expect(allows([], "")).toBe(true);
});
