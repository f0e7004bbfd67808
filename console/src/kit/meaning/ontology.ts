// The picture of the ontology and what is part of what in it, as every diagram draws it.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { all } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { wholesOf } from "./relate";

type Relationship = Message<"tessera.metadata.v1.Relationship">;

/** The graph of a value chain, a module, or everything; compositions are known where relationships may be read. */
export function useOntology(within: { valueChain?: string; module?: string } = {}) {
  const may = useMay();
  const uml = useCall(
    "MetadataService_GetUml",
    {
      query: { format: "json", valueChain: within.valueChain || undefined, module: within.module || undefined },
    },
    { keep: true, staleTime: 30_000 },
  );
  const relationships = useQuery({
    queryKey: ["metadata", "MetadataService_ListRelationships", "all"],
    staleTime: 30_000,
    enabled: may("MetadataService_ListRelationships"),
    queryFn: async ({ signal }) =>
      (await all("MetadataService_ListRelationships", "relationships", {}, 5_000, signal)) as Relationship[],
  }).data;
  const graph = uml.data?.graph;
  const wholes = useMemo(() => wholesOf(relationships ?? [], graph), [relationships, graph]);
  return { ...uml, graph, wholes };
}
