import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

test("every component that is used has its style", () => {
  const styled = new Set(
    ["src/app/components.ts", "src/app/components-rest.ts"].flatMap((path) =>
      [...read(path).matchAll(/styles\/(\w+)\.layer\.css/g)].map(([, name]) => name),
    ),
  );
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".tsx"),
  );
  const used = new Set(
    sources.flatMap((path) =>
      [...read(join("src", path)).matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)].flatMap(([, names]) =>
        (names ?? "").split(",").map((name) => name.trim()),
      ),
    ),
  );
  const missing = [...used].filter(
    (name) => existsSync(join(root, `node_modules/@mantine/core/styles/${name}.layer.css`)) && !styled.has(name),
  );
  expect(used.size).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});
