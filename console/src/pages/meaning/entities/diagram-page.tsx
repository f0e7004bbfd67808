// All entities and their relationships as one picture, or those of one module; relationships are drawn in it.
import { Button, Select } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useMay } from "@/api/hooks";
import Canvas, { type End } from "@/kit/canvas/canvas";
import { count } from "@/kit/format";
import { useDefinitionFilters } from "@/kit/meaning/columns";
import { toPicture } from "@/kit/meaning/graph";
import { useOntology } from "@/kit/meaning/ontology";
import { attributeOf, shapesOf } from "@/kit/meaning/relate";
import { type Begun, RelateDialog } from "@/kit/meaning/relate-dialog";
import { Page } from "@/kit/page";
import { EmptyState, ErrorState, PictureSkeleton } from "@/kit/states";
import { useUrl } from "@/kit/url";
import classes from "./diagram.module.css";
import { ViewChoice } from "./list";

const begun = ({ box, line }: End): Begun => ({
  entity: box.replace(/^entity\./, ""),
  ...(line ? { attribute: attributeOf(line) } : {}),
});

export default function DiagramPage() {
  const [url, setUrl] = useUrl();
  const may = useMay();
  const modules = useDefinitionFilters().find((filter) => filter.name === "in")?.choices ?? [];
  const [valueChain, module] = (url.in ?? "").split(".");
  const ontology = useOntology({ valueChain, module });
  const { graph, wholes } = ontology;
  const [drawn, setDrawn] = useState<[Begun, Begun] | null>(null);
  const picture = useMemo(() => toPicture(graph, { kinds: ["entity"], wholes }), [graph, wholes]);
  const shapes = useMemo(() => shapesOf(graph), [graph]);
  const draws = may("MetadataService_CreateRelationship");
  return (
    <Page
      title="Entities"
      purpose={
        draws
          ? "A box leads to its entity. Drag from a point of one box to another to relate them, or press R on a box and Enter on the other."
          : "Entities and the relationships between them; a box leads to its entity."
      }
      actions={
        <>
          <ViewChoice />
          {draws ? (
            <Button leftSection={<IconPlus size={14} />} onClick={() => setDrawn([{}, {}])}>
              New relationship
            </Button>
          ) : null}
        </>
      }
      fills
    >
      <div className={classes.tools}>
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
          {graph
            ? `${count(picture.boxes.length, "entity", "entities")}, ${count(picture.lines.length, "relationship")}`
            : ""}
        </span>
      </div>
      {ontology.error ? (
        <ErrorState error={ontology.error} retry={() => void ontology.refetch()} />
      ) : ontology.isPending ? (
        <div className={classes.canvas}>
          <PictureSkeleton />
        </div>
      ) : picture.boxes.length === 0 ? (
        <EmptyState title="Nothing to draw">
          There are no entities here yet. As soon as there are, they appear with their relationships.
        </EmptyState>
      ) : (
        <div className={classes.canvas}>
          <Canvas
            label="Entities and their relationships"
            tooMuch="Choose a value chain or a module above, or open one entity and its own diagram."
            height="100%"
            {...picture}
            onDraw={draws ? (from, to) => setDrawn([begun(from), begun(to)]) : undefined}
          />
        </div>
      )}
      {drawn ? <RelateDialog from={drawn[0]} to={drawn[1]} shapes={shapes} close={() => setDrawn(null)} /> : null}
    </Page>
  );
}
