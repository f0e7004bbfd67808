// The entity among those it has a relationship with.
import { useMemo } from "react";
import { useCall } from "@/api/hooks";
import Canvas from "@/kit/canvas/canvas";
import { toPicture } from "@/kit/meaning/graph";
import { ErrorState, PageSkeleton } from "@/kit/states";

export default function Neighbours({ code }: { code: string }) {
  const uml = useCall("MetadataService_GetUml", { query: { format: "json" } }, { staleTime: 30_000 });
  const picture = useMemo(
    () => toPicture(uml.data?.graph, { kinds: ["entity"], from: [`entity.${code}`] }),
    [uml.data, code],
  );
  if (uml.error) return <ErrorState error={uml.error} retry={() => void uml.refetch()} />;
  if (uml.isPending) return <PageSkeleton />;
  return <Canvas label={`What ${code} has to do with other entities`} {...picture} />;
}
