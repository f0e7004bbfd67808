// Whether a value is what it says.
import type { Message } from "@/api/contract";

/** In words, with their tone; null where there is no value. */
export function exactWords(
  value: Message<"tessera.calculation.v1.Value"> | undefined,
): { word: string; tone: "good" | "info" | "warn" } | null {
  switch (value?.exactness) {
    case "EXACTNESS_EXACT":
      return { word: "Exact", tone: "good" };
    case "EXACTNESS_ROUNDED":
      return { word: "Exact, shown rounded", tone: "good" };
    case "EXACTNESS_FLOAT":
      return { word: "Floating point, about ± 1e-12", tone: "warn" };
    default:
      return null;
  }
}
