// The table: rows drawn only where one looks, so ten thousand are as quick as ten; the keyboard moves through them.
import { Checkbox, Skeleton } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ColumnDef, getCoreRowModel, useReactTable, type VisibilityState } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useDensity } from "@/app/preferences";
import classes from "./table.module.css";

/** One column. */
export interface Column<T> {
  id: string;
  title: string;
  cell: (row: T) => ReactNode;
  /** What the CSV export writes; without it the column is left out there. */
  text?: (row: T) => string | number | undefined;
  /** The server's name for ordering by it; without it the column cannot be sorted. */
  sort?: string;
  /** CSS width; `minmax(160px, 2fr)` grows. */
  width?: string;
  align?: "end";
  /** Whether it is hidden until chosen. */
  optional?: boolean;
}

/** A column of codes, keys or names of the machine's. */
export function codes<T>(id: string, title: string, width: string, text: (row: T) => string | undefined): Column<T> {
  return { id, title, width, cell: (row) => <span className="mono">{text(row)}</span>, text };
}

/** The column that says what a row is called, and leads to it. */
export function linked<T>(
  title: string,
  width: string,
  text: (row: T) => string | undefined,
  to: (row: T) => string,
): Column<T> {
  const cell = (row: T) => (
    <Link to={to(row)} tabIndex={-1} className={classes.name}>
      {text(row)}
    </Link>
  );
  return { id: "name", title, width, cell, text };
}

export interface TableProps<T> {
  label: string;
  rows: T[];
  columns: Column<T>[];
  id: (row: T) => string;
  /** Where a row leads. */
  to?: (row: T) => string;
  /** What a click does instead of leading there; without `to` what Enter does, too. */
  onRow?: (row: T) => void;
  /** What a row is called by a screen reader. */
  name?: (row: T) => string;
  hidden?: Set<string>;
  /** `name` or `name desc`. */
  sort?: string;
  onSort?: (sort: string) => void;
  chosen?: Set<string>;
  onChoose?: (chosen: Set<string>) => void;
  /** The first page is on its way. */
  loading?: boolean;
  hasMore?: boolean;
  loadMore?: () => void;
  /** Shows what is there as old while the next is on its way. */
  stale?: boolean;
  /** Grows with its rows instead of filling the page. */
  inline?: boolean;
}

/** What a cell says in full, for one that is too narrow for it. */
function titleOf<T>(column: Column<T>, row: T): string | undefined {
  const text = column.text?.(row);
  return typeof text === "string" && text.length > 12 ? text : undefined;
}

const heights = { dense: 32, comfortable: 40 };

export function Table<T>(props: TableProps<T>) {
  const { rows, columns, id: rowId, to, sort = "", onSort, chosen, onChoose, hasMore, loadMore } = props;
  const navigate = useNavigate();
  const height = heights[useDensity()];
  const [at, setAt] = useState(0);
  const [focused, setFocused] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const prefix = useId();

  const columnVisibility: VisibilityState = Object.fromEntries([...(props.hidden ?? [])].map((name) => [name, false]));
  const table = useReactTable({
    data: rows,
    columns: columns.map((column): ColumnDef<T> => ({ id: column.id, header: column.title, meta: column })),
    getCoreRowModel: getCoreRowModel(),
    getRowId: rowId,
    manualSorting: true,
    state: { columnVisibility },
  });
  const shown = table.getVisibleLeafColumns().map((column) => column.columnDef.meta as Column<T>);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
    paddingStart: 0,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height of rows is what makes the measures old
  useEffect(() => virtual.measure(), [height]);

  const items = virtual.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (hasMore && lastSeen >= rows.length - 30) loadMore?.();
  }, [hasMore, lastSeen, rows.length, loadMore]);

  const template = [onChoose ? "34px" : "", ...shown.map((column) => column.width ?? "minmax(110px, 1fr)")]
    .filter(Boolean)
    .join(" ");
  // Every row is a grid of its own: the same least width for all keeps their columns in line.
  const least = template.match(/\d+(?=px)/g)?.reduce((sum, width) => sum + Number(width), 0) ?? 0;

  function move(next: number) {
    const index = Math.max(0, Math.min(rows.length - 1, next));
    setAt(index);
    virtual.scrollToIndex(index);
  }
  function toggle(key: string) {
    if (!onChoose) return;
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    onChoose(next);
  }
  function onKey(event: KeyboardEvent) {
    if (event.target !== box.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[at];
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 400) / height) - 2);
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      j: at + 1,
      ArrowUp: at - 1,
      k: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    const next = moves[event.key];
    if (next !== undefined) move(next);
    else if (event.key === "Enter" && row && to) void navigate({ to: to(row) });
    else if (event.key === "Enter" && row && props.onRow) props.onRow(row);
    else if ((event.key === " " || event.key === "x") && row && onChoose) toggle(rowId(row));
    else if (event.key === "Escape" && chosen?.size) onChoose?.(new Set());
    else return;
    event.preventDefault();
  }

  const every = rows.length > 0 && chosen?.size === rows.length;
  const rowName = (row: T) => `${prefix}-${rowId(row)}`;
  const active = focused ? rows[at] : undefined;
  return (
    <div
      ref={box}
      className={classes.box}
      data-inline={props.inline || undefined}
      data-stale={props.stale || undefined}
      role="grid"
      aria-label={props.label}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-busy={props.loading}
      aria-multiselectable={onChoose ? true : undefined}
      aria-activedescendant={active ? rowName(active) : undefined}
      tabIndex={0}
      onKeyDown={onKey}
      onFocus={(event) => setFocused(event.target === box.current)}
      onBlur={() => setFocused(false)}
    >
      <div
        className={classes.head}
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: template, minWidth: least }}
      >
        {onChoose ? (
          <div role="columnheader" className={classes.cell}>
            <Checkbox
              aria-label="Choose all that are loaded"
              checked={every}
              indeterminate={!every && Boolean(chosen?.size)}
              onChange={() => onChoose(every ? new Set() : new Set(rows.map(rowId)))}
            />
          </div>
        ) : null}
        {shown.map((column) => {
          const down = sort === `${column.sort} desc`;
          const up = sort === column.sort;
          return (
            <div
              key={column.id}
              role="columnheader"
              className={classes.cell}
              data-align={column.align}
              aria-sort={column.sort ? (up ? "ascending" : down ? "descending" : "none") : undefined}
            >
              {column.sort && onSort ? (
                <button
                  type="button"
                  className={classes.sort}
                  onClick={() => onSort(up ? `${column.sort} desc` : (column.sort ?? ""))}
                >
                  {column.title}
                  {up ? <IconArrowUp size={12} aria-hidden /> : down ? <IconArrowDown size={12} aria-hidden /> : null}
                </button>
              ) : (
                column.title || <span className="unseen">Actions</span>
              )}
            </div>
          );
        })}
      </div>
      {props.loading ? (
        <Outline template={template} least={least} columns={shown.length + (onChoose ? 1 : 0)} />
      ) : (
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize(), minWidth: least }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const key = rowId(row);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys of all its rows
              <div
                key={key}
                id={rowName(row)}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={chosen ? chosen.has(key) : undefined}
                aria-label={props.name?.(row)}
                className={classes.row}
                data-active={row === active || undefined}
                data-open={to || props.onRow ? true : undefined}
                style={{ gridTemplateColumns: template, height, transform: `translateY(${item.start}px)` }}
                onClick={(event) => {
                  if ((event.target as HTMLElement).closest("a, button, input, label")) return;
                  if (window.getSelection()?.toString()) return;
                  setAt(item.index);
                  if (props.onRow && !event.metaKey && !event.ctrlKey) return props.onRow(row);
                  if (!to) return;
                  if (event.metaKey || event.ctrlKey) window.open(to(row), "_blank");
                  else void navigate({ to: to(row) });
                }}
              >
                {onChoose ? (
                  <div role="gridcell" className={classes.cell}>
                    <Checkbox
                      tabIndex={-1}
                      aria-label={`Choose ${props.name?.(row) ?? "this row"}`}
                      checked={chosen?.has(key) ?? false}
                      onChange={() => toggle(key)}
                    />
                  </div>
                ) : null}
                {shown.map((column) => (
                  <div key={column.id} role="gridcell" className={classes.cell} data-align={column.align}>
                    <div className={classes.value} title={titleOf(column, row)}>
                      {column.cell(row)}
                    </div>
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

/** Rows on their way. */
function Outline({ template, least, columns }: { template: string; least: number; columns: number }) {
  return (
    <div role="rowgroup">
      {Array.from({ length: 12 }, (_, row) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
          key={row}
          role="row"
          aria-label="Loading"
          className={classes.outline}
          style={{ gridTemplateColumns: template, minWidth: least }}
        >
          {Array.from({ length: columns }, (_, column) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
            <div role="gridcell" key={column} className={classes.cell}>
              <Skeleton height={10} width={`${45 + ((row * 7 + column * 13) % 45)}%`} />
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
