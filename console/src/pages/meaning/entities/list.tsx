// The list of entities.
import { SegmentedControl } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { Message } from "@/api/contract";
import { words } from "@/kit/format";
import { useDeleteBulk } from "@/kit/meaning/actions";
import { commonColumns, definitionQuery, nameColumn, useDefinitionFilters } from "@/kit/meaning/columns";
import { PageSkeleton } from "@/kit/states";
import { List as ListPage } from "@/kit/table/list";
import type { Column } from "@/kit/table/table";
import { useUrlState } from "@/kit/url";

type Entity = Message<"tessera.metadata.v1.Entity">;

const Diagram = lazy(() => import("./diagram-page"));
const Modules = lazy(() => import("./modules-page"));

export const columns: Column<Entity>[] = [
  nameColumn("/meaning/entities"),
  { id: "kind", title: "Kind", width: "110px", cell: (row) => words(row.kind), text: (row) => words(row.kind) },
  {
    id: "attributes",
    title: "Attributes",
    width: "92px",
    align: "end",
    cell: (row) => row.attributes?.length ?? 0,
    text: (row) => row.attributes?.length ?? 0,
  },
  ...commonColumns<Entity>(),
];

/** List, modules or diagram of the same things; which one is in the address. */
export function ViewChoice() {
  const [view, setView] = useUrlState("view", "list");
  return (
    <SegmentedControl
      size="xs"
      aria-label="View"
      value={view}
      onChange={setView}
      data={[
        { value: "list", label: "List" },
        { value: "modules", label: "Modules" },
        { value: "diagram", label: "Diagram" },
      ]}
    />
  );
}

export function List() {
  const [view] = useUrlState("view", "list");
  if (view !== "diagram" && view !== "modules") return <Entities />;
  return <Suspense fallback={<PageSkeleton />}>{view === "diagram" ? <Diagram /> : <Modules />}</Suspense>;
}

function Entities() {
  const filters = useDefinitionFilters();
  return (
    <ListPage
      title="Entities"
      purpose="What the business keeps records of, and what is known of each record."
      op="MetadataService_ListEntities"
      items="entities"
      noun={["entity", "entities"]}
      columns={columns}
      name={(row) => row.name ?? ""}
      to={(row) => `/meaning/entities/${row.id}`}
      search="Search names, codes, descriptions"
      filters={filters}
      query={definitionQuery}
      actions={<ViewChoice />}
      create={{ title: "New entity", to: "/meaning/entities/new", needs: "MetadataService_CreateEntity" }}
      bulk={[useDeleteBulk("Entity", ["entity", "entities"])]}
      teach="An entity is a kind of record, such as a policy, a claim or a member. Metrics count and sum its rows, and tables are made from its attributes."
    />
  );
}
