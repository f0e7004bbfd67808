// What a metric needs: the entities it reads and the metrics it uses, each a way to its page, and all as a picture.
import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import type { Message } from "@/api/contract";
import { Section } from "@/kit/detail";
import { useOntology } from "@/kit/meaning/ontology";
import { requiredBy } from "@/kit/meaning/required";
import { ErrorState, PageSkeleton } from "@/kit/states";
import classes from "./metrics.module.css";

const Canvas = lazy(() => import("@/kit/canvas/canvas"));

export function Objects({ metric }: { metric: Message<"tessera.metadata.v1.Metric"> }) {
  const { graph, wholes, ...uml } = useOntology();
  const picture = useMemo(() => requiredBy(graph, [metric.code ?? ""], wholes), [graph, wholes, metric.code]);
  if (uml.error) return <ErrorState error={uml.error} retry={() => void uml.refetch()} />;
  if (uml.isPending) return <Skeleton height={240} />;
  const needed = picture.boxes.filter((box) => !box.main);
  return (
    <Section title="Required objects">
      <ul className={classes.objects}>
        {needed.map((box) => (
          <li key={box.id}>
            {box.to ? (
              <Link className="link" to={box.to}>
                {box.title}
              </Link>
            ) : (
              box.title
            )}{" "}
            <span className="dim">{box.kind?.toLowerCase()}</span>
          </li>
        ))}
      </ul>
      <Suspense fallback={<PageSkeleton />}>
        <Canvas label={`What ${metric.name} needs`} {...picture} height={420} />
      </Suspense>
    </Section>
  );
}
