import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { route } from "@/api/contract";
import { pages } from "./pages";

const root = process.cwd();
const linesOf = (folder: string) =>
  readdirSync(join(root, "src/pages", folder))
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join(root, "src/pages", folder, name), "utf8").split("\n").length - 1)
    .reduce((sum, lines) => sum + lines, 0);

test("a page is one line of the list, at an address of its own, with a permission that exists", () => {
  const text = readFileSync(join(root, "src/app/pages.ts"), "utf8");
  expect(text.split("\n").filter((line) => line.startsWith("  page("))).toHaveLength(pages.length);
  expect(new Set(pages.map((page) => page.path)).size).toBe(pages.length);
  for (const page of pages) {
    for (const op of [page.needs, page.create]) if (op) expect(route(op).path).toMatch(/^\/api\/v1\//);
  }
});

test("a list-and-detail pair is as short as docs/guides/add-a-page.md says", () => {
  const guide = readFileSync(join(root, "../docs/guides/add-a-page.md"), "utf8");
  for (const folder of ["meaning/value-chains", "platform/groups"]) {
    expect(guide).toMatch(new RegExp(`\\| \`${folder}\` \\|.*\\| ${linesOf(folder)}[ ,|]`));
  }
});
