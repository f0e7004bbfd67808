// One entity: its attributes, where it stands among the others, its history, and the form that changes it.
import { Button } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { Badge, StateBadge } from "@/kit/badges";
import { Detail as DetailPage, Section } from "@/kit/detail";
import { words } from "@/kit/format";
import { History } from "@/kit/history/history";
import { DefinitionMenu } from "@/kit/meaning/actions";
import { DefinitionFacts } from "@/kit/meaning/facts";
import { PageSkeleton } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { useId, useUrl } from "@/kit/url";

type Entity = Message<"tessera.metadata.v1.Entity">;
type Attribute = Message<"tessera.metadata.v1.Attribute">;

const Edit = lazy(() => import("./edit"));
const Neighbours = lazy(() => import("./neighbours"));

function typeWords(row: Attribute): string {
  return row.type === "DATA_TYPE_DECIMAL" ? `Decimal (${row.precision ?? 0}, ${row.scale ?? 0})` : words(row.type);
}

const columns: Column<Attribute>[] = [
  { id: "code", title: "Code", width: "minmax(130px, 1fr)", cell: (row) => <span className="mono">{row.code}</span> },
  { id: "name", title: "Name", width: "minmax(120px, 1.2fr)", cell: (row) => row.name },
  { id: "type", title: "Type", width: "116px", cell: typeWords },
  { id: "unit", title: "Unit", width: "56px", cell: (row) => row.unit },
  {
    id: "is",
    title: "Is",
    width: "minmax(140px, 1.2fr)",
    cell: (row) => (
      <span style={{ display: "inline-flex", gap: 4 }}>
        {row.primaryKey ? <Badge tone="info">Key</Badge> : null}
        {row.timeAttribute ? <Badge tone="good">Time</Badge> : null}
        {row.sensitive ? <Badge tone="warn">Sensitive</Badge> : null}
        {row.nullable ? <Badge>Optional</Badge> : null}
      </span>
    ),
  },
  {
    id: "about",
    title: "Meaning",
    width: "minmax(110px, 1.6fr)",
    cell: (row) => row.description || row.allowedValues?.join(", "),
  },
];

export function Detail() {
  const id = useId();
  const query = useCall("MetadataService_GetEntity", { path: { id } });
  const may = useMay();
  const [url, setUrl] = useUrl();
  const entity: Entity = query.data ?? {};
  const attributes = entity.attributes ?? [];
  if (url.edit && query.data) {
    return (
      <Suspense fallback={<PageSkeleton />}>
        <Edit key={entity.etag} entity={entity} close={() => setUrl({ edit: undefined })} />
      </Suspense>
    );
  }
  return (
    <DetailPage
      query={query}
      title={entity.name ?? ""}
      code={entity.code}
      above={{ title: "Entities", to: "/meaning/entities" }}
      purpose={entity.description}
      beside={<StateBadge state={entity.deleteTime ? "STATE_DELETED" : entity.state} />}
      actions={
        <>
          {may("MetadataService_UpdateEntity") && !entity.deleteTime ? (
            <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setUrl({ edit: "1" })}>
              Edit
            </Button>
          ) : null}
          <DefinitionMenu kind="Entity" of={entity} home="/meaning/entities" />
        </>
      }
      facts={<DefinitionFacts of={entity} own={[["Rows are", words(entity.kind)]]} />}
      tabs={[
        {
          id: "attributes",
          title: "Attributes",
          count: attributes.length,
          content: (
            <Table
              label={`Attributes of ${entity.name}`}
              rows={attributes}
              columns={columns}
              id={(row) => row.code ?? ""}
              name={(row) => row.code ?? ""}
              inline
            />
          ),
        },
        {
          id: "diagram",
          title: "Diagram",
          content: (
            <Suspense fallback={<PageSkeleton />}>
              <Neighbours code={entity.code ?? ""} />
            </Suspense>
          ),
        },
        {
          id: "history",
          title: "History",
          content: (
            <Section title="Versions">
              <History id={id} etag={entity.etag ?? ""} name={entity.name ?? ""} />
            </Section>
          ),
        },
      ]}
    />
  );
}
