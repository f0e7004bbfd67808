import { expect, test } from "vitest";
import { subjectOf } from "./actor";

test("an audit name tells of a user or a program, and of nothing else", () => {
  expect(subjectOf("user:01a1")).toEqual({ kind: "SUBJECT_KIND_USER", id: "01a1" });
  expect(subjectOf("service_principal:01a2")).toEqual({ kind: "SUBJECT_KIND_SERVICE_PRINCIPAL", id: "01a2" });
  expect(subjectOf("system")).toBeUndefined();
  expect(subjectOf("user:")).toBeUndefined();
  expect(subjectOf(undefined)).toBeUndefined();
});
