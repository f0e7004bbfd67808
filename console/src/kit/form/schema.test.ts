import { expect, test } from "vitest";
import metadata from "@/api/generated/schemas/metadata.json";
import { below, check, jsonPath, type Schemas } from "./schema";

const schemas = metadata as unknown as Schemas;
const entity = schemas["tessera.metadata.v1.Entity"] ?? {};

test("the contract's rules hold before the server is asked", () => {
  const fields = check(
    schemas,
    entity,
    { code: "Bad Code", kind: "ENTITY_KIND_EVENT", attributes: [{ code: "x y" }] },
    "",
  ).map((one) => one.field);
  expect(fields).toContain("code");
  expect(fields).toContain("name");
  expect(fields).toContain("attributes[0].code");
  expect(fields).toContain("attributes[0].type");
  const good = {
    code: "claim",
    name: "Claim",
    kind: "ENTITY_KIND_EVENT",
    attributes: [{ code: "id", type: "DATA_TYPE_STRING" }],
  };
  expect(check(schemas, entity, good, "")).toEqual([]);
});

test("what the server found comes to the fields of the form", () => {
  expect(jsonPath("metric.time_attribute.entity")).toBe("metric.timeAttribute.entity");
  const found = below([{ field: "entity.attributes[1].code", description: "x", reason: "" }], "entity");
  expect(found[0]?.field).toBe("attributes[1].code");
});
