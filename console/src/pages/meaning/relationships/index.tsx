// Relationships: how rows of one entity belong to rows of another.
import { Button } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { StateBadge } from "@/kit/badges";
import { Detail as DetailPage, Facts } from "@/kit/detail";
import { EditPage, useEdit } from "@/kit/form/edit-page";
import { FormPage } from "@/kit/form/form-page";
import { words } from "@/kit/format";
import { History } from "@/kit/history/history";
import { DefinitionMenu, useDeleteBulk } from "@/kit/meaning/actions";
import { attributeField } from "@/kit/meaning/attribute-field";
import { commonColumns, definitionQuery, nameColumn, useDefinitionFilters } from "@/kit/meaning/columns";
import { DefinitionFacts } from "@/kit/meaning/facts";
import { moduleField } from "@/kit/meaning/module-field";
import { useOntology } from "@/kit/meaning/ontology";
import { shapesOf, wholeOf } from "@/kit/meaning/relate";
import { List as ListPage } from "@/kit/table/list";
import type { Column } from "@/kit/table/table";
import { useId, useUrl } from "@/kit/url";

type Relationship = Message<"tessera.metadata.v1.Relationship">;

const OF = "tessera.metadata.v1.Relationship";
const HOME = "/meaning/relationships";
const fields = [
  "name",
  "code",
  "from",
  "to",
  "cardinality",
  "role",
  "inverseRole",
  "description",
  "module",
  "owner",
  "tags",
  "state",
];
const labels = { role: "Role of the far end", inverseRole: "Role of the near end", module: "Value chain and module" };
const widgets = { module: moduleField, from: attributeField, to: attributeField };

const place = (ref: Relationship["from"]) => `${ref?.entity ?? ""}.${ref?.attribute ?? ""}`;

const columns: Column<Relationship>[] = [
  nameColumn(HOME),
  {
    id: "from",
    title: "From",
    width: "minmax(150px, 1fr)",
    cell: (row) => <span className="mono">{place(row.from)}</span>,
    text: (row) => place(row.from),
  },
  {
    id: "to",
    title: "To",
    width: "minmax(150px, 1fr)",
    cell: (row) => <span className="mono">{place(row.to)}</span>,
    text: (row) => place(row.to),
  },
  {
    id: "cardinality",
    title: "Cardinality",
    width: "120px",
    cell: (row) => words(row.cardinality),
    text: (row) => words(row.cardinality),
  },
  ...commonColumns<Relationship>(),
];

export function List() {
  return (
    <ListPage
      title="Relationships"
      purpose="How rows of one entity belong to rows of another; metrics follow them to group and filter."
      op="MetadataService_ListRelationships"
      items="relationships"
      noun={["relationship", "relationships"]}
      columns={columns}
      name={(row) => row.name ?? ""}
      to={(row) => `${HOME}/${row.id}`}
      search="Search names, codes, descriptions"
      filters={useDefinitionFilters()}
      query={definitionQuery}
      actions={
        <Button component={Link} to="/meaning/entities" search={{ view: "diagram" } as never} variant="default">
          Draw in the diagram
        </Button>
      }
      create={{ title: "New relationship", to: `${HOME}/new`, needs: "MetadataService_CreateRelationship" }}
      bulk={[useDeleteBulk("Relationship", ["relationship", "relationships"])]}
      teach="A relationship says which attribute of one entity names a row of another, such as the member a policy is held by."
    />
  );
}

const form = { of: OF, within: "relationship", service: "metadata", fields, labels, widgets };

export function Create() {
  const navigate = useNavigate();
  const [url] = useUrl();
  return (
    <FormPage<Relationship>
      {...form}
      first={{
        cardinality: "CARDINALITY_MANY_TO_ONE",
        ...(url.from ? { from: { entity: url.from } } : {}),
        ...(url.to ? { to: { entity: url.to } } : {}),
      }}
      title="New relationship"
      above={{ title: "Relationships", to: HOME }}
      action="Create relationship"
      close={() => navigate({ to: HOME })}
      save={async (relationship, _, requestId) => {
        const made = await call("MetadataService_CreateRelationship", { query: { requestId }, body: relationship });
        return { title: `${made.name} is created`, to: `${HOME}/${made.id}` };
      }}
    />
  );
}

export function Detail() {
  const id = useId();
  const query = useCall("MetadataService_GetRelationship", { path: { id } });
  const may = useMay();
  const [editing, edit] = useEdit();
  const { graph } = useOntology();
  const one: Relationship = query.data ?? {};
  const whole = useMemo(() => wholeOf(one, shapesOf(graph)), [one, graph]);
  if (editing && query.data) {
    return (
      <EditPage<Relationship>
        {...form}
        thing={one}
        home={`${HOME}/${id}`}
        fixed={["code"]}
        update={(body, updateMask) =>
          call("MetadataService_UpdateRelationship", {
            path: { "relationship.id": id },
            query: { updateMask },
            body,
          })
        }
      />
    );
  }
  return (
    <DetailPage
      query={query}
      title={one.name ?? ""}
      code={one.code}
      above={{ title: "Relationships", to: HOME }}
      purpose={one.description}
      beside={<StateBadge state={one.deleteTime ? "STATE_DELETED" : one.state} />}
      actions={
        <>
          {may("MetadataService_UpdateRelationship") && !one.deleteTime ? (
            <Button variant="default" leftSection={<IconPencil size={14} />} onClick={edit}>
              Edit
            </Button>
          ) : null}
          <DefinitionMenu kind="Relationship" of={one} home={HOME} />
        </>
      }
      facts={<DefinitionFacts of={one} />}
      tabs={[
        {
          id: "overview",
          title: "Overview",
          content: (
            <Facts
              rows={[
                [
                  "From",
                  <span key="f" className="mono">
                    {place(one.from)}
                  </span>,
                ],
                [
                  "To",
                  <span key="t" className="mono">
                    {place(one.to)}
                  </span>,
                ],
                ["Cardinality", words(one.cardinality)],
                [
                  "Sort",
                  whole
                    ? `Composition: ${(whole === "to" ? one.from : one.to)?.entity} is part of ${(whole === "to" ? one.to : one.from)?.entity}, for the reference is in its key`
                    : "Association",
                ],
                ["The far end is", one.role],
                ["The near end is", one.inverseRole],
              ]}
            />
          ),
        },
        { id: "history", title: "History", content: <History id={id} etag={one.etag ?? ""} name={one.name ?? ""} /> },
      ]}
    />
  );
}
