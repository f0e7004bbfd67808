// The entities by module: a section each, found by search, narrowed by state and tag.
import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { all } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { count } from "@/kit/format";
import { definitionQuery, useDefinitionFilters } from "@/kit/meaning/columns";
import { grouped } from "@/kit/meaning/grouped";
import { Page } from "@/kit/page";
import { EmptyState, ErrorState, PageSkeleton } from "@/kit/states";
import { Filters } from "@/kit/table/filters";
import tools from "@/kit/table/list.module.css";
import { Table } from "@/kit/table/table";
import { useUrl } from "@/kit/url";
import { columns, ViewChoice } from "./list";
import classes from "./modules.module.css";

type Entity = Message<"tessera.metadata.v1.Entity">;

/** Sections beyond these begin closed. */
const OPEN = 6;

const shown = columns.filter((column) => !column.optional && column.id !== "module");

export default function ModulesPage() {
  const [url, setUrl] = useUrl();
  const may = useMay();
  const filters = useDefinitionFilters();
  const asked = { ...definitionQuery({ ...url, sort: undefined }), orderBy: "name" as const };
  const entities = useQuery({
    queryKey: ["metadata", "MetadataService_ListEntities", "by module", asked],
    queryFn: async ({ signal }) =>
      (await all("MetadataService_ListEntities", "entities", { query: asked }, 10_000, signal)) as Entity[],
  });
  const chains = useCall("MetadataService_ListValueChains", { query: { pageSize: 200 } }, { staleTime: 60_000 });
  const groups = useMemo(
    () => grouped(entities.data ?? [], chains.data?.valueChains ?? []),
    [entities.data, chains.data],
  );
  const narrowed = Boolean(url.q) || filters.some((filter) => url[filter.name]);
  return (
    <Page
      title="Entities"
      purpose="What the business keeps records of, by the module it is filed under."
      actions={
        <>
          <ViewChoice />
          {may("MetadataService_CreateEntity") ? (
            <Button component={Link} to="/meaning/entities/new" leftSection={<IconPlus size={14} />}>
              New entity
            </Button>
          ) : null}
        </>
      }
    >
      <div className={tools.tools}>
        <TextInput
          size="xs"
          className={tools.search}
          type="search"
          aria-label="Search names, codes, descriptions"
          placeholder="Search names, codes, descriptions"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={url.q ?? ""}
          onChange={(event) => setUrl({ q: event.currentTarget.value || undefined }, { replace: true })}
        />
        <Filters filters={filters} />
        <span className={tools.space} />
        <span className={tools.count} role="status">
          {entities.data
            ? `${count(entities.data.length, "entity", "entities")} in ${count(groups.length, "group")}`
            : ""}
        </span>
      </div>
      {entities.error ? (
        <ErrorState error={entities.error} retry={() => void entities.refetch()} />
      ) : entities.isPending ? (
        <PageSkeleton />
      ) : groups.length === 0 ? (
        <EmptyState title={narrowed ? "No entity fits" : "No entities yet"}>
          {narrowed
            ? "There may be some outside of these filters."
            : "As soon as there are entities, they stand here under the module they are filed under."}
        </EmptyState>
      ) : (
        groups.map((group, index) => (
          <details key={group.key} className={classes.group} open={index < OPEN || groups.length <= OPEN + 2}>
            <summary className={classes.head}>
              <h2 className={classes.title}>{group.title}</h2>
              <span className="dim">{count(group.rows.length, "entity", "entities")}</span>
            </summary>
            <Table
              label={group.title}
              rows={group.rows}
              columns={shown}
              id={(row) => row.id ?? ""}
              name={(row) => row.name ?? ""}
              to={(row) => `/meaning/entities/${row.id}`}
              inline
            />
          </details>
        ))
      )}
    </Page>
  );
}
