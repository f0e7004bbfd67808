// Row filters wherever they are listed: their columns, whom they narrow, and those that narrow one user.
import { Link } from "@tanstack/react-router";
import type { Message } from "@/api/contract";
import { useList } from "@/api/hooks";
import { Time } from "../badges";
import { Listed } from "../table/listed";
import { type Column, codes, linked } from "../table/table";
import { type Subject, useSubjects } from "./subjects";

type RowFilter = Message<"tessera.identity.v1.RowFilter">;

const HOME = "/platform/row-filters";
const kinds: Record<string, string> = {
  SUBJECT_KIND_USER: "user",
  SUBJECT_KIND_GROUP: "group",
  SUBJECT_KIND_SERVICE_PRINCIPAL: "program",
};

/** Whom a filter narrows, with a way there. */
export function Whom({
  filter,
  named,
}: {
  filter: RowFilter;
  named: (subject: Subject) => { name: string; to?: string };
}) {
  if (filter.role) {
    return (
      <>
        {filter.role} <span className="dim">role</span>
      </>
    );
  }
  if (!filter.subject) return null;
  const { name, to } = named(filter.subject);
  return (
    <>
      {to ? (
        <Link to={to} className="link" tabIndex={-1}>
          {name}
        </Link>
      ) : (
        name
      )}{" "}
      <span className="dim">{kinds[filter.subject.kind ?? ""]}</span>
    </>
  );
}

/** The columns; `rows` are those whose holders are to be named. */
export function useFilterColumns(rows: RowFilter[]): Column<RowFilter>[] {
  const named = useSubjects(rows.map((row) => row.subject));
  return [
    linked(
      "Name",
      "minmax(170px, 1.2fr)",
      (row) => row.name,
      (row) => `${HOME}/${row.id}`,
    ),
    {
      id: "whom",
      title: "Narrows",
      width: "minmax(150px, 1fr)",
      cell: (row) => <Whom filter={row} named={named} />,
      text: (row) => row.role || (row.subject ? named(row.subject).name : ""),
    },
    codes("entity", "Entity", "minmax(110px, 0.8fr)", (row) => row.entity),
    codes("condition", "Rows they see", "minmax(200px, 2fr)", (row) => row.condition),
    {
      id: "updated",
      title: "Changed",
      width: "120px",
      cell: (row) => <Time value={row.updateTime} />,
      text: (row) => row.updateTime,
    },
  ];
}

/** The filters that narrow what a user sees: their own, their groups' and their roles'. */
export function RowFilters({ principal, name }: { principal: string; name: string }) {
  const list = useList(
    "IdentityService_ListRowFilters",
    "rowFilters",
    { query: { principalId: principal } },
    { pageSize: 100 },
  );
  const columns = useFilterColumns(list.rows).filter((column) => column.id !== "updated");
  return (
    <Listed
      list={list}
      label={`Row filters of ${name}`}
      noun={["row filter", "row filters"]}
      columns={columns}
      id={(row) => row.id ?? ""}
      name={(row) => row.name ?? ""}
      to={(row) => `${HOME}/${row.id}`}
      none="Nothing narrows what they see"
    >
      {name} sees all rows of whatever their roles let them read. A <Link to={HOME}>row filter</Link> narrows them.
    </Listed>
  );
}
