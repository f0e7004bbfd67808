import { expect, test } from "vitest";
import { readable } from "./changes";

test("values of versions are told as a person reads them", () => {
  expect(readable(undefined)).toBe("");
  expect(readable('"Policy"')).toBe("Policy");
  expect(readable('"ENTITY_KIND_EVENT"')).toBe("Event");
  expect(readable('["core","board"]')).toBe("core, board");
  expect(readable("12")).toBe("12");
  expect(readable("not json")).toBe("not json");
  expect(readable('{"value_chain":"health","module":"claims"}')).toBe("value_chain: health\nmodule: claims");
  expect(
    readable('[{"code":"status","name":"Status","type":"string","primary_key":true,"allowed_values":["a","b"]},"x"]'),
  ).toBe("status, string, primary key, allowed values a / b\nx");
});
