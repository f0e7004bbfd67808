// The list: one page shape for every kind of thing. What to ask, which columns, where a row leads; the rest is here.
import { ActionIcon, Button, Menu, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedCallback, useHotkeys } from "@mantine/hooks";
import { IconColumns, IconDownload, IconPlus, IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { all } from "@/api/client";
import type { Input, Operation, Output } from "@/api/contract";
import { useList, useMay } from "@/api/hooks";
import { kept, useStore } from "@/app/store";
import { toast, toastError } from "@/app/toasts";
import { count as counted } from "../format";
import { Page } from "../page";
import { EmptyState, ErrorState } from "../states";
import { useUrl } from "../url";
import { save, toCsv } from "./csv";
import { type Filter, Filters } from "./filters";
import classes from "./list.module.css";
import { type Column, Table } from "./table";
import { Views } from "./views";

type Item<Op extends Operation, Key extends keyof Output<Op>> =
  NonNullable<Output<Op>[Key]> extends readonly (infer T)[] ? T : never;

/** Something to do with chosen rows. */
export interface Bulk<T> {
  title: string;
  needs: Operation;
  run: (rows: T[]) => Promise<unknown>;
}

export interface ListProps<Op extends Operation, Key extends keyof Output<Op> & string> {
  title: string;
  purpose: string;
  /** The operation that lists, and the field of its answer that holds the things. */
  op: Op;
  items: Key;
  /** The columns, or a hook that makes them for the rows that are there. */
  columns: Column<Item<Op, Key>>[] | ((rows: Item<Op, Key>[]) => Column<Item<Op, Key>>[]);
  /** One thing and many, in words. */
  noun: [string, string];
  id?: (row: Item<Op, Key>) => string;
  name: (row: Item<Op, Key>) => string;
  to?: (row: Item<Op, Key>) => string;
  /** What stands in the address as what the operation takes. */
  query?: (url: Record<string, string | undefined>) => Input<Op>["query"];
  /** The placeholder of the search field; without it there is none. `q` stands in the address. */
  search?: string;
  filters?: Filter[];
  /** Where the first action leads, and what one must be allowed to do. */
  create?: { title: string; to: string; needs: Operation };
  /** Rows asked for at once, where the operation allows fewer than usual. */
  pageSize?: number;
  bulk?: Bulk<Item<Op, Key>>[];
  /** A sentence for those who see the list for the first time. */
  teach: ReactNode;
  actions?: ReactNode;
  /** What a click on a row does instead of opening it; Enter still opens. */
  onRow?: (row: Item<Op, Key>) => void;
  /** Puts the table among other panes. */
  around?: (table: ReactNode) => ReactNode;
}

/** More rows than these are no longer one file for a person. */
const MOST_EXPORTED = 100_000;

const hiddenColumns = kept<Record<string, string[]>>("tessera.columns", {});

export function List<Op extends Operation, Key extends keyof Output<Op> & string>(props: ListProps<Op, Key>) {
  type Row = Item<Op, Key>;
  const { op, items, noun, filters = [], create, bulk = [] } = props;
  const id = props.id ?? ((row: Row) => (row as { id?: string }).id ?? "");
  const may = useMay();
  const [url, setUrl] = useUrl();
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const searchBox = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => searchBox.current?.focus()]]);

  const query = props.query?.(url) ?? {};
  const list = useList(op, items, { query } as Input<Op>, { pageSize: props.pageSize });
  const rows = list.rows as Row[];
  const columns = typeof props.columns === "function" ? props.columns(rows) : props.columns;
  const hidden = useStore(hiddenColumns)[op] ?? columns.filter((column) => column.optional).map((column) => column.id);
  const hiddenSet = useMemo(() => new Set(hidden), [hidden]);
  const narrowed = filters.some((filter) => url[filter.name]) || Boolean(url.q);
  const allowedBulk = bulk.filter((one) => may(one.needs));
  const chosenRows = rows.filter((row) => chosen.has(id(row)));

  // What is no longer on the list is no longer chosen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another list clears the choice
  useEffect(() => setChosen(new Set()), [JSON.stringify(query)]);

  async function exportCsv() {
    const written = columns.filter((column) => column.text && !hiddenSet.has(column.id));
    try {
      const asked = { query: { ...(props.pageSize ? { pageSize: props.pageSize } : {}), ...query } } as Input<Op>;
      const everything = chosenRows.length > 0 ? chosenRows : ((await all(op, items, asked, MOST_EXPORTED)) as Row[]);
      const lines = everything.map((row) => written.map((column) => column.text?.(row)));
      const text = toCsv([written.map((column) => column.title), ...lines]);
      save(`${noun[1].replaceAll(" ", "-")}.csv`, new Blob([text], { type: "text/csv" }));
      const cut = everything.length >= MOST_EXPORTED;
      toast({
        tone: cut ? "info" : "good",
        title: `${counted(everything.length, noun[0], noun[1])} exported`,
        text: cut
          ? "There may be more than one file takes. Narrow the list with filters and export the parts."
          : undefined,
      });
    } catch (cause) {
      toastError("The export failed", cause);
    }
  }

  const add =
    create && may(create.needs) ? (
      <Button component={Link} to={create.to} leftSection={<IconPlus size={14} />}>
        {create.title}
      </Button>
    ) : null;
  const empty = !list.isPending && !list.error && rows.length === 0;
  const content =
    list.error && rows.length === 0 ? (
      <ErrorState error={list.error} retry={() => void list.refetch()} />
    ) : empty ? (
      narrowed ? (
        <EmptyState
          title={`No ${noun[0]} fits`}
          action={
            <Button
              variant="default"
              onClick={() =>
                setUrl({ q: undefined, ...Object.fromEntries(filters.map((filter) => [filter.name, undefined])) })
              }
            >
              Clear the filters
            </Button>
          }
        >
          There may be some outside of these filters.
        </EmptyState>
      ) : (
        <EmptyState title={`No ${noun[1]} yet`} action={add}>
          {props.teach}
        </EmptyState>
      )
    ) : (
      <Table
        label={props.title}
        rows={rows}
        columns={columns}
        id={id}
        name={props.name}
        to={props.to}
        onRow={props.onRow}
        hidden={hiddenSet}
        sort={url.sort ?? ""}
        onSort={(sort) => setUrl({ sort: sort || undefined }, { replace: true })}
        chosen={allowedBulk.length > 0 ? chosen : undefined}
        onChoose={allowedBulk.length > 0 ? setChosen : undefined}
        loading={list.isPending}
        stale={list.isPlaceholderData}
        hasMore={list.hasNextPage && !list.isFetchingNextPage}
        loadMore={() => void list.fetchNextPage()}
      />
    );
  return (
    <Page
      title={props.title}
      purpose={props.purpose}
      fills
      actions={
        <>
          {props.actions}
          {add}
        </>
      }
    >
      <div className={classes.tools}>
        {props.search ? (
          <Search
            box={searchBox}
            placeholder={props.search}
            value={url.q ?? ""}
            set={(q) => setUrl({ q: q || undefined }, { replace: true })}
          />
        ) : null}
        <Filters filters={filters} />
        <Views />
        <span className={classes.space} />
        {chosenRows.length > 0 && allowedBulk.length > 0 ? (
          <span className={classes.bulk} role="status">
            {counted(chosenRows.length, noun[0], noun[1])} chosen
            {allowedBulk.map((one) => (
              <Button
                key={one.title}
                variant="default"
                onClick={() =>
                  void one
                    .run(chosenRows)
                    .then(() => setChosen(new Set()))
                    .catch((cause: unknown) => toastError(`${one.title} failed`, cause))
                }
              >
                {one.title}
              </Button>
            ))}
          </span>
        ) : (
          <span className={classes.count} role="status">
            {list.isPending || (list.error && rows.length === 0)
              ? ""
              : `${counted(rows.length, noun[0], noun[1])}${list.hasNextPage ? " and more" : ""}`}
          </span>
        )}
        <Menu closeOnItemClick={false} width={200}>
          <Menu.Target>
            <Tooltip label="Columns">
              <ActionIcon aria-label="Choose columns">
                <IconColumns size={16} />
              </ActionIcon>
            </Tooltip>
          </Menu.Target>
          <Menu.Dropdown>
            {columns.slice(1).map((column) => (
              <Menu.Item
                key={column.id}
                role="menuitemcheckbox"
                aria-checked={!hiddenSet.has(column.id)}
                leftSection={<span className={classes.tick}>{hiddenSet.has(column.id) ? "" : "✓"}</span>}
                onClick={() => {
                  const next = hidden.includes(column.id)
                    ? hidden.filter((one) => one !== column.id)
                    : [...hidden, column.id];
                  hiddenColumns.set((kept_) => ({ ...kept_, [op]: next }));
                }}
              >
                {column.title}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <Tooltip label={chosenRows.length > 0 ? "Export the chosen as CSV" : "Export as CSV"}>
          <ActionIcon
            aria-label={chosenRows.length > 0 ? "Export the chosen as CSV" : "Export as CSV"}
            onClick={() => void exportCsv()}
            disabled={rows.length === 0}
          >
            <IconDownload size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      {props.around ? props.around(content) : content}
    </Page>
  );
}

function Search({
  value,
  set,
  placeholder,
  box,
}: {
  value: string;
  set: (next: string) => void;
  placeholder: string;
  box: React.RefObject<HTMLInputElement | null>;
}) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback(set, 180);
  // Back and forward change the address without the field.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change from outside is followed
  useEffect(() => {
    if (document.activeElement !== box.current) setText(value);
  }, [value]);
  return (
    <TextInput
      ref={box}
      size="xs"
      className={classes.search}
      type="search"
      aria-label={placeholder}
      placeholder={`${placeholder}  /`}
      leftSection={<IconSearch size={14} aria-hidden />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value.trim());
      }}
    />
  );
}
