import { expect, test } from "vitest";
import { grouped } from "./grouped";

const chains = [
  { code: "health", name: "Health", modules: [{ code: "sales", name: "Sales" }, { code: "claims" }] },
  { code: "life", name: "Life" },
];
const row = (code: string, valueChain?: string, module?: string) => ({
  code,
  ...(valueChain ? { module: { valueChain, module } } : {}),
});

test("groups come as the value chains name them, and what is in none comes last", () => {
  const found = grouped(
    [row("a"), row("b", "life"), row("c", "health", "claims"), row("d", "health", "sales"), row("e", "gone", "x")],
    chains,
  );
  expect(found.map((group) => [group.title, group.rows.map((one) => one.code).join()])).toEqual([
    ["Health / Sales", "d"],
    ["Health / claims", "c"],
    ["Life", "b"],
    ["gone.x", "e"],
    ["In no module", "a"],
  ]);
  expect(grouped([], chains)).toEqual([]);
});
