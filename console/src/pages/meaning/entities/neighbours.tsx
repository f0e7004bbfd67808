// The entity among those it has a relationship with.
import { useMemo } from "react";
import Canvas from "@/kit/canvas/canvas";
import { toPicture } from "@/kit/meaning/graph";
import { useOntology } from "@/kit/meaning/ontology";
import { ErrorState, PictureSkeleton } from "@/kit/states";

export default function Neighbours({ code }: { code: string }) {
  const { graph, wholes, ...uml } = useOntology();
  const picture = useMemo(
    () => toPicture(graph, { kinds: ["entity"], from: [`entity.${code}`], wholes }),
    [graph, wholes, code],
  );
  if (uml.error) return <ErrorState error={uml.error} retry={() => void uml.refetch()} />;
  if (uml.isPending) return <PictureSkeleton />;
  return <Canvas label={`What ${code} has to do with other entities`} {...picture} />;
}
