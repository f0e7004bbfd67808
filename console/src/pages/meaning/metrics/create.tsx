// A new metric, from nothing or derived from another one.
import { Skeleton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { useDraft } from "@/kit/form/draft";
import { Editor } from "@/kit/form/editor";
import { following } from "@/kit/form/follow";
import type { Value } from "@/kit/form/form";
import { codeOf } from "@/kit/format";
import { Page } from "@/kit/page";
import { ErrorState } from "@/kit/states";
import { useUrl } from "@/kit/url";
import { allFields, METRIC, MetricForm, ofType } from "./form";

type Metric = Message<"tessera.metadata.v1.Metric">;

/** A metric over another one, to be made one's own: its formula is that metric. */
function derivedFrom(base: Metric): Value {
  return {
    name: `${base.name}, derived`,
    code: codeOf(`${base.name}, derived`),
    type: "METRIC_TYPE_DERIVED",
    formula: `${base.code} * 1`,
    metrics: [base.code],
    module: base.module,
    unit: base.unit,
    format: base.format,
    direction: base.direction,
    additivity: "ADDITIVITY_NON_ADDITIVE",
    dimensions: base.dimensions,
    tags: [...new Set([...(base.tags ?? []), "custom"])],
  };
}

function NewMetric({ first, from }: { first: Value; from?: Metric }) {
  const draft = following(useDraft(METRIC, first, "metric", allFields));
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <Page
      title={from ? `Derive a metric from ${from.name}` : "New metric"}
      above={{ title: "Metrics", to: "/meaning/metrics" }}
      purpose={from ? "A metric of your own over this one: change the formula, the name and what it means." : undefined}
    >
      <Editor
        draft={draft}
        action="Create metric"
        cancel={() => void navigate({ to: from ? `/meaning/metrics/${from.id}` : "/meaning/metrics" })}
        save={() =>
          draft.save(async (requestId) => {
            const made = await call("MetadataService_CreateMetric", {
              query: { requestId },
              body: ofType(draft.value) as Metric,
            });
            await client.invalidateQueries({ queryKey: ["metadata"] });
            toast({ title: `${made.name} is created` });
            await navigate({ to: `/meaning/metrics/${made.id}` });
          })
        }
      >
        <MetricForm draft={draft} />
      </Editor>
    </Page>
  );
}

export function Create() {
  const [url] = useUrl();
  const base = useCall("MetadataService_GetMetric", { path: { id: url.from ?? "" } }, { enabled: Boolean(url.from) });
  if (!url.from) return <NewMetric first={{ type: "METRIC_TYPE_SIMPLE" }} />;
  if (base.error) return <ErrorState error={base.error} retry={() => void base.refetch()} />;
  if (!base.data) return <Skeleton height={300} m="lg" />;
  return <NewMetric first={derivedFrom(base.data)} from={base.data} />;
}
