import { expect, test } from "vitest";
import { layout, neighbour } from "./layout";

const box = (id: string) => ({ id, title: id });

test("ranks go from left to right, and no box lies on another", () => {
  const boxes = ["a", "b", "c", "d"].map(box);
  const places = layout(
    boxes,
    [
      { from: "a", to: "b" },
      { from: "a", to: "c" },
      { from: "c", to: "d" },
      { from: "c", to: "gone" },
    ],
    "LR",
  );
  const x = (id: string) => places.get(id)?.x ?? Number.NaN;
  expect(x("a")).toBeLessThan(x("b"));
  expect(x("c")).toBeLessThan(x("d"));
  expect(x("b")).toBe(x("c"));
  expect(Math.abs((places.get("b")?.y ?? 0) - (places.get("c")?.y ?? 0))).toBeGreaterThan(46);
});

test("a tree keeps its operands in order, each parent over the middle of them", () => {
  const places = layout(
    ["root", "l", "r"].map(box),
    [
      { from: "root", to: "l" },
      { from: "root", to: "r" },
    ],
    "TB",
  );
  const [root, l, r] = ["root", "l", "r"].map((id) => places.get(id) ?? { x: 0, y: 0 });
  expect(l?.x).toBeLessThan(r?.x ?? 0);
  expect(root?.x).toBe(((l?.x ?? 0) + (r?.x ?? 0)) / 2);
  expect(root?.y).toBeLessThan(l?.y ?? 0);
});

test("an arrow key goes to the nearest box on its side", () => {
  const places = new Map([
    ["a", { x: 0, y: 0 }],
    ["b", { x: 300, y: 10 }],
    ["c", { x: 250, y: 400 }],
    ["d", { x: 0, y: 200 }],
  ]);
  expect(neighbour(places, "a", "ArrowRight")).toBe("b");
  expect(neighbour(places, "a", "ArrowDown")).toBe("d");
  expect(neighbour(places, "b", "ArrowLeft")).toBe("a");
  expect(neighbour(places, "a", "ArrowUp")).toBeNull();
  expect(neighbour(places, "gone", "ArrowUp")).toBeNull();
});
