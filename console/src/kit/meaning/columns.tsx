// What lists of all kinds of definitions share: columns, filters, and how the address becomes the query.
import { Link } from "@tanstack/react-router";
import type { Message } from "@/api/contract";
import { useCall } from "@/api/hooks";
import { StateBadge, Tags, Time } from "../badges";
import { choices, words } from "../format";
import type { Filter } from "../table/filters";
import type { Column } from "../table/table";

interface Common {
  id?: string;
  code?: string;
  name?: string;
  description?: string;
  owner?: string;
  tags?: string[];
  state?: Message<"tessera.metadata.v1.State">;
  module?: Message<"tessera.metadata.v1.ModuleRef">;
  updateTime?: string;
}

/** Name and code: the first column of every list of definitions. */
export function nameColumn<T extends Common>(home: string): Column<T> {
  return {
    id: "name",
    title: "Name",
    sort: "name",
    width: "minmax(200px, 1.6fr)",
    cell: (row) => (
      <>
        <Link to={`${home}/${row.id}`} tabIndex={-1} style={{ textDecoration: "none", fontWeight: 500 }}>
          {row.name}
        </Link>{" "}
        <span className="mono dim">{row.code}</span>
      </>
    ),
    text: (row) => row.name,
  };
}

/** The columns after those of the kind itself. */
export function commonColumns<T extends Common>(): Column<T>[] {
  return [
    {
      id: "module",
      title: "Module",
      width: "minmax(140px, 1fr)",
      cell: (row) => moduleWords(row.module),
      text: (row) => moduleWords(row.module),
    },
    { id: "owner", title: "Owner", width: "minmax(130px, 1fr)", cell: (row) => row.owner, text: (row) => row.owner },
    {
      id: "state",
      title: "State",
      width: "110px",
      cell: (row) => <StateBadge state={row.state} />,
      text: (row) => words(row.state),
    },
    {
      id: "updated",
      title: "Changed",
      sort: "update_time",
      width: "120px",
      cell: (row) => <Time value={row.updateTime} />,
      text: (row) => row.updateTime,
    },
    {
      id: "code",
      title: "Code",
      sort: "code",
      optional: true,
      cell: (row) => <span className="mono">{row.code}</span>,
      text: (row) => row.code,
    },
    {
      id: "tags",
      title: "Tags",
      optional: true,
      cell: (row) => <Tags tags={row.tags} />,
      text: (row) => row.tags?.join(" "),
    },
    {
      id: "description",
      title: "Description",
      optional: true,
      width: "minmax(220px, 2fr)",
      cell: (row) => row.description,
      text: (row) => row.description,
    },
  ];
}

export function moduleWords(module: Common["module"]): string {
  if (!module?.valueChain) return "";
  return module.module ? `${module.valueChain} / ${module.module}` : module.valueChain;
}

/** State, value chain and module as filters. */
export function useDefinitionFilters(): Filter[] {
  const chains =
    useCall("MetadataService_ListValueChains", { query: { pageSize: 200 } }, { staleTime: 60_000 }).data?.valueChains ??
    [];
  return [
    { name: "state", title: "State", many: true, choices: choices("tessera.metadata.v1.State") },
    {
      name: "in",
      title: "Value chain",
      choices: chains.flatMap((chain) => [
        { value: chain.code ?? "", label: chain.name ?? "" },
        ...(chain.modules ?? []).map((one) => ({
          value: `${chain.code}.${one.code}`,
          label: `${chain.name} / ${one.name || one.code}`,
        })),
      ]),
    },
    { name: "tag", title: "Tag" },
  ];
}

/** The address as the query of a list of definitions. */
export function definitionQuery(url: Record<string, string | undefined>) {
  const [valueChain, module] = (url.in ?? "").split(".");
  return {
    "filter.text": url.q,
    "filter.states": url.state ? (url.state.split(",") as Message<"tessera.metadata.v1.State">[]) : undefined,
    "filter.valueChain": valueChain || undefined,
    "filter.module": module || undefined,
    "filter.tags": url.tag ? url.tag.split(",") : undefined,
    orderBy: url.sort as "name" | undefined,
  };
}
