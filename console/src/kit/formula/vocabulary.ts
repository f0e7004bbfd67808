// What a formula can speak of: functions, entities with their attributes, metrics; and what is wrong with one.
import { useMemo } from "react";
import type { Violation } from "@/api/errors";
import { useCall, useMay } from "@/api/hooks";
import { words } from "../format";

export interface Vocabulary {
  functions: { name: string; signature: string; description: string }[];
  entities: { code: string; name: string; attributes: { code: string; detail: string }[] }[];
  metrics: { code: string; name: string }[];
}

/** Something that is wrong at a place. */
export interface Problem {
  line: number;
  column: number;
  /** How many characters; the word there where it is not known. */
  length?: number;
  message: string;
}

/** What there is to speak of, as far as the reader may see it. */
export function useVocabulary(): Vocabulary {
  const may = useMay();
  const long = { staleTime: 60_000 };
  const entities = useCall(
    "MetadataService_ListEntities",
    { query: { pageSize: 1000 } },
    { ...long, enabled: may("MetadataService_ListEntities") },
  ).data?.entities;
  const metrics = useCall(
    "MetadataService_ListMetrics",
    { query: { pageSize: 1000 } },
    { ...long, enabled: may("MetadataService_ListMetrics") },
  ).data?.metrics;
  const functions = useCall("CalculationService_ListFunctions", undefined, {
    ...long,
    enabled: may("CalculationService_ListFunctions"),
  }).data?.functions;
  return useMemo(
    () => ({
      functions: (functions ?? []).map((one) => ({
        name: one.name ?? "",
        signature: one.signature ?? "",
        description: one.description ?? "",
      })),
      entities: (entities ?? []).map((one) => ({
        code: one.code ?? "",
        name: one.name ?? "",
        attributes: (one.attributes ?? []).map((attribute) => ({
          code: attribute.code ?? "",
          detail: [words(attribute.type), attribute.unit].filter(Boolean).join(", "),
        })),
      })),
      metrics: (metrics ?? []).map((one) => ({ code: one.code ?? "", name: one.name ?? "" })),
    }),
    [functions, entities, metrics],
  );
}

/** The places that a refusal speaks of: `line 1, column 19: …`. */
export function problemsOf(violations: Violation[]): Problem[] {
  return violations.flatMap((violation) => {
    const found = /line (\d+), column (\d+):?\s*(.*)/s.exec(violation.description);
    return found
      ? [{ line: Number(found[1]), column: Number(found[2]), message: found[3] || violation.description }]
      : [];
  });
}
