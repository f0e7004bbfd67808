// One metric: what it says, how it comes about, what it needs, what others reach, and what is known about it.
import { Button } from "@mantine/core";
import { IconGitFork, IconPencil } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { StateBadge } from "@/kit/badges";
import { Detail as DetailPage, Facts, Section } from "@/kit/detail";
import { useDraft } from "@/kit/form/draft";
import { Editor } from "@/kit/form/editor";
import type { Value } from "@/kit/form/form";
import { formatDuration, words } from "@/kit/format";
import { History } from "@/kit/history/history";
import { DefinitionMenu } from "@/kit/meaning/actions";
import { useCart } from "@/kit/meaning/cart";
import { DefinitionFacts } from "@/kit/meaning/facts";
import { Page } from "@/kit/page";
import { useId, useUrl } from "@/kit/url";
import { Benchmarks } from "./benchmarks";
import { CartToggle } from "./cart-toggle";
import { ExplainTab } from "./explain-tab";
import { allFields, METRIC, MetricForm, ofType } from "./form";
import { FormulaTab } from "./formula-tab";
import { Objects } from "./objects";
import { PinToggle } from "./pin-toggle";
import { Published } from "./published";
import { Values } from "./values";

type Metric = Message<"tessera.metadata.v1.Metric">;

function Edit({ metric, close }: { metric: Metric; close: () => void }) {
  const draft = useDraft(METRIC, metric as Value, "metric", allFields);
  const client = useQueryClient();
  return (
    <Page title={`Edit ${metric.name}`} above={{ title: metric.name ?? "", to: `/meaning/metrics/${metric.id}` }}>
      <Editor
        draft={draft}
        action="Save changes"
        cancel={close}
        save={() =>
          draft.save(async () => {
            if (draft.changes.length > 0) {
              await call("MetadataService_UpdateMetric", {
                path: { "metric.id": metric.id ?? "" },
                query: { updateMask: draft.changes.join(",") },
                body: { ...ofType(draft.value), etag: metric.etag } as Metric,
              });
              toast({ title: `${draft.value.name as string} is changed` });
            }
            close();
            await client.invalidateQueries();
          })
        }
      >
        <MetricForm draft={draft} fixed={["code"]} />
      </Editor>
    </Page>
  );
}

export function Detail() {
  const id = useId();
  const query = useCall("MetadataService_GetMetric", { path: { id } });
  const may = useMay();
  const cart = useCart();
  const [url, setUrl] = useUrl();
  const metric: Metric = query.data ?? {};
  if (url.edit && query.data)
    return <Edit key={metric.etag} metric={metric} close={() => setUrl({ edit: undefined })} />;
  const own: [string, React.ReactNode][] = [
    ["Type", words(metric.type)],
    ["Unit", metric.unit],
    ["Better is", words(metric.direction)],
    ["Parts sum", words(metric.additivity)],
    ["Finest period", words(metric.grain)],
  ];
  return (
    <DetailPage
      query={query}
      title={metric.name ?? ""}
      code={metric.code}
      above={{ title: "Metrics", to: "/meaning/metrics" }}
      purpose={metric.description}
      beside={<StateBadge state={metric.deleteTime ? "STATE_DELETED" : metric.state} />}
      actions={
        <>
          <PinToggle id={metric.id ?? ""} name={metric.name ?? ""} />
          <CartToggle code={metric.code ?? ""} name={metric.name ?? ""} cart={cart} />
          {may("MetadataService_CreateMetric") ? (
            <Button
              component={Link}
              to="/meaning/metrics/new"
              search={{ from: id } as never}
              variant="default"
              leftSection={<IconGitFork size={14} />}
            >
              Derive
            </Button>
          ) : null}
          {may("MetadataService_UpdateMetric") && !metric.deleteTime ? (
            <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setUrl({ edit: "1" })}>
              Edit
            </Button>
          ) : null}
          <DefinitionMenu kind="Metric" of={metric} home="/meaning/metrics" />
        </>
      }
      facts={<DefinitionFacts of={metric} own={own} />}
      tabs={[
        { id: "overview", title: "Overview", content: <Values metric={metric} /> },
        { id: "explain", title: "Explain", content: <ExplainTab metric={metric} /> },
        { id: "formula", title: "Formula", content: <FormulaTab metric={metric} /> },
        { id: "published", title: "Published", content: <Published key={metric.code} metric={metric} /> },
        { id: "objects", title: "Objects", content: <Objects metric={metric} /> },
        { id: "benchmarks", title: "Benchmarks", content: <Benchmarks metric={metric} /> },
        {
          id: "metadata",
          title: "Metadata",
          content: (
            <>
              <Section title="Definition">
                <Facts
                  rows={[
                    [
                      "Code",
                      <span key="c" className="mono">
                        {metric.code}
                      </span>,
                    ],
                    [
                      "Identifier",
                      <span key="i" className="mono">
                        {metric.id}
                      </span>,
                    ],
                    ...own,
                    ["Format", metric.format],
                    ["Result lives", formatDuration(metric.resultTtl)],
                    ["Dimensions", (metric.dimensions ?? []).map((one) => `${one.entity}.${one.attribute}`).join(", ")],
                  ]}
                />
              </Section>
              <Section title="History">
                <History id={id} etag={metric.etag ?? ""} name={metric.name ?? ""} />
              </Section>
            </>
          ),
        },
      ]}
    />
  );
}
