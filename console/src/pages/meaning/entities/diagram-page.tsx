// All entities and their relationships as one picture, or those of one module.
import { Select } from "@mantine/core";
import { useMemo } from "react";
import { useCall } from "@/api/hooks";
import Canvas from "@/kit/canvas/canvas";
import { count } from "@/kit/format";
import { useDefinitionFilters } from "@/kit/meaning/columns";
import { toPicture } from "@/kit/meaning/graph";
import { Page } from "@/kit/page";
import { EmptyState, ErrorState, PageSkeleton } from "@/kit/states";
import { useUrl } from "@/kit/url";
import { ViewChoice } from "./list";

export default function DiagramPage() {
  const [url, setUrl] = useUrl();
  const modules = useDefinitionFilters().find((filter) => filter.name === "in")?.choices ?? [];
  const [valueChain, module] = (url.in ?? "").split(".");
  const uml = useCall(
    "MetadataService_GetUml",
    { query: { format: "json", valueChain: valueChain || undefined, module: module || undefined } },
    { keep: true },
  );
  const picture = useMemo(() => toPicture(uml.data?.graph, { kinds: ["entity"] }), [uml.data]);
  return (
    <Page
      title="Entities"
      purpose="Entities and the relationships between them; a box leads to its entity."
      actions={<ViewChoice />}
      fills
    >
      <div style={{ display: "flex", gap: 10, alignItems: "center", marginBottom: 10 }}>
        <Select
          size="xs"
          aria-label="Value chain or module"
          placeholder="All value chains"
          clearable
          searchable
          data={modules}
          value={url.in ?? null}
          onChange={(next) => setUrl({ in: next ?? undefined })}
          w={260}
        />
        <span className="dim" role="status">
          {uml.data
            ? `${count(picture.boxes.length, "entity", "entities")}, ${count(picture.lines.length, "relationship")}`
            : ""}
        </span>
      </div>
      {uml.error ? (
        <ErrorState error={uml.error} retry={() => void uml.refetch()} />
      ) : uml.isPending ? (
        <PageSkeleton />
      ) : picture.boxes.length === 0 ? (
        <EmptyState title="Nothing to draw">
          There are no entities here yet. As soon as there are, they appear with their relationships.
        </EmptyState>
      ) : (
        <div style={{ flex: 1, minHeight: 0, paddingBottom: 20 }}>
          <Canvas label="Entities and their relationships" height="100%" {...picture} />
        </div>
      )}
    </Page>
  );
}
