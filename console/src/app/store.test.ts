import { expect, test, vi } from "vitest";
import { kept, store } from "./store";

test("a store tells those who listen, until they stop", () => {
  const held = store(1);
  const heard = vi.fn();
  const stop = held.subscribe(heard);
  held.set((now) => now + 1);
  expect(held.get()).toBe(2);
  expect(heard).toHaveBeenCalledTimes(1);
  stop();
  held.set(5);
  expect(heard).toHaveBeenCalledTimes(1);
});

test("a kept store outlives the page, follows other tabs, and does without what it cannot read", () => {
  kept("t.kept", ["a"]).set(["b"]);
  const again = kept("t.kept", ["a"]);
  expect(again.get()).toEqual(["b"]);
  localStorage.setItem("t.kept", '["c"]');
  window.dispatchEvent(new StorageEvent("storage", { key: "t.kept" }));
  expect(again.get()).toEqual(["c"]);
  localStorage.setItem("t.broken", "{");
  expect(kept("t.broken", 7).get()).toBe(7);
});
