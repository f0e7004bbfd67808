// Writes src/api/generated from the OpenAPI document: types, the table of operations, and the schemas forms are made from.
// usage: node tools/contracts.mjs [openapi.json]; without a file, TESSERA_OPENAPI names it or the target folder has it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";

const target =
  process.env.CARGO_TARGET_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tessera/target");
const source = process.argv[2] ?? process.env.TESSERA_OPENAPI ?? join(target, "openapi.json");
const out = new URL("../src/api/generated/", import.meta.url);
let text;
try {
  text = readFileSync(source, "utf8");
} catch {
  console.error(`contracts: cannot read ${source}; \`cargo xtask openapi\` writes it`);
  process.exit(1);
}
const document = JSON.parse(text);

/** Each operation by its name: method, path, permission, whether it answers with a stream. */
function operations() {
  const rows = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const streams = "application/x-ndjson" in (operation.responses["200"]?.content ?? {});
      rows.push([operation.operationId, method, path, operation["x-tessera-permission"] ?? "", streams]);
    }
  }
  rows.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const lines = rows.map(
    ([id, method, path, permission, streams]) =>
      `  ${id}: ["${method}", "${path}", "${permission}"${streams ? ", true" : ""}],`,
  );
  return `// Made from the contracts by tools/contracts.mjs.\nexport const operationTable = {\n${lines.join("\n")}\n} as const;\n`;
}

/** The contracts say in prose what must be there where a rule cannot: a sentence that is `Required.` */
function markRequired(schema) {
  const named = Object.entries(schema.properties ?? {})
    .filter(([, field]) => /(^|\s)Required\.(\s|$)/.test(field.description ?? ""))
    .map(([name]) => name);
  const required = [...new Set([...(schema.required ?? []), ...named])];
  return required.length > 0 ? { ...schema, required } : schema;
}

/** Schemas of a service by full name. */
function schemas() {
  const byService = {};
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    const service = /^tessera\.([a-z_]+)\./.exec(name)?.[1];
    if (!service) continue;
    byService[service] ??= {};
    byService[service][name] = markRequired(schema);
  }
  return byService;
}

/** The values of each enum without its zero, and what is cut off to make words of them. */
function enums() {
  const found = {};
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    if (!schema.enum) continue;
    const zero = schema.enum.find((value) => value.endsWith("_UNSPECIFIED"));
    if (zero)
      found[name] = { cut: zero.slice(0, -"UNSPECIFIED".length), values: schema.enum.filter((v) => v !== zero) };
  }
  return `// Made from the contracts by tools/contracts.mjs.\nexport const enums: Record<string, { cut: string; values: string[] }> = ${JSON.stringify(found, null, 1)};\n`;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(new URL("schemas/", out), { recursive: true });
const types = astToString(await openapiTS(document, { alphabetize: false }));
writeFileSync(new URL("contract.ts", out), `// Made from the contracts by tools/contracts.mjs.\n${types}`);
writeFileSync(new URL("operations.ts", out), operations());
writeFileSync(new URL("enums.ts", out), enums());
const byService = schemas();
for (const [service, found] of Object.entries(byService)) {
  writeFileSync(new URL(`schemas/${service}.json`, out), JSON.stringify(found));
}
const loaders = Object.keys(byService).map((service) => `  ${service}: () => import("./schemas/${service}.json"),`);
writeFileSync(
  new URL("schemas.ts", out),
  `// Made from the contracts by tools/contracts.mjs.\nexport const schemaFiles = {\n${loaders.join("\n")}\n};\n`,
);
