// What a person prefers in this browser: density, the width of things, a closed rail.
import { store, useStore } from "./store";

export type Density = "dense" | "comfortable";

const density = store<Density>(document.documentElement.dataset.density === "comfortable" ? "comfortable" : "dense");

/** Rows close together or with air. */
export function setDensity(next: Density): void {
  document.documentElement.dataset.density = next;
  localStorage.setItem("tessera.density", next);
  density.set(next);
}

export const useDensity = () => useStore(density);
