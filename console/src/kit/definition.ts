// Definitions of all kinds under one roof: what they are called, and where their page is.
import type { Message } from "@/api/contract";

export type Definition = Message<"tessera.metadata.v1.Definition">;
export type Kind = Message<"tessera.metadata.v1.DefinitionKind">;

/** What every definition has. */
export interface Common {
  id: string;
  kind: string;
  code: string;
  name: string;
}

const words: Record<string, string> = {
  entity: "entity",
  relationship: "relationship",
  metric: "metric",
  valueChain: "value chain",
  valueChainPattern: "value chain pattern",
  actor: "actor",
  analyticsStrategy: "analytics strategy",
  analyticsUseCase: "analytics use case",
  dataSource: "data source",
};

/** What a `Definition` holds, whichever kind it is. */
export function definitionOf(given: Definition): Common | null {
  for (const [field, kind] of Object.entries(words)) {
    const found = given[field as keyof Definition] as { id?: string; code?: string; name?: string } | undefined;
    if (found) return { id: found.id ?? "", kind, code: found.code ?? "", name: found.name ?? found.code ?? "" };
  }
  return null;
}

/** The kind in words, of `DEFINITION_KIND_VALUE_CHAIN`. */
export function kindWords(kind: Kind | undefined): string {
  return (kind ?? "").replace("DEFINITION_KIND_", "").toLowerCase().replaceAll("_", " ");
}

const homes: Record<string, string> = {
  entity: "/meaning/entities",
  relationship: "/meaning/relationships",
  metric: "/meaning/metrics",
  "value chain": "/meaning/value-chains",
  valueChain: "/meaning/value-chains",
};

/** The address of a definition's page; null where its kind has none yet. */
export function homeOf(kind: string, id: string): string | null {
  const home = homes[kind];
  return home ? `${home}/${id}` : null;
}
