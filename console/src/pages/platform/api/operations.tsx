// Every operation of the installation, what it needs, and whether the reader may call it.
import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import type { Operation } from "@/api/contract";
import { useMay } from "@/api/hooks";
import { Badge } from "@/kit/badges";
import { count } from "@/kit/format";
import { Page } from "@/kit/page";
import { EmptyState, ErrorState } from "@/kit/states";
import { Filters } from "@/kit/table/filters";
import classes from "@/kit/table/list.module.css";
import { type Column, Table } from "@/kit/table/table";
import { useUrl } from "@/kit/url";

interface Row {
  id: string;
  method: string;
  path: string;
  service: string;
  summary: string;
  permission: string;
}

interface Document {
  paths: Record<
    string,
    Record<string, { operationId: string; tags?: string[]; summary?: string; "x-tessera-permission"?: string }>
  >;
}

async function operations(): Promise<Row[]> {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}; [gateway] docs may be off`);
  const document = (await answer.json()) as Document;
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      service: operation.tags?.[0] ?? "",
      summary: operation.summary ?? "",
      permission: operation["x-tessera-permission"] ?? "",
    })),
  );
}

export function List({ actions }: { actions: ReactNode }) {
  const may = useMay();
  const [url, setUrl] = useUrl();
  const query = useQuery({ queryKey: ["openapi"], queryFn: operations, staleTime: 300_000 });
  const rows = useMemo(() => {
    const asked = (url.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    return (query.data ?? []).filter(
      (row) =>
        (!url.service || row.service === url.service) &&
        asked.every((word) => `${row.id} ${row.path} ${row.summary} ${row.permission}`.toLowerCase().includes(word)),
    );
  }, [query.data, url.q, url.service]);
  const services = [...new Set((query.data ?? []).map((row) => row.service))].sort();
  const columns: Column<Row>[] = [
    {
      id: "call",
      title: "Call",
      width: "minmax(320px, 2fr)",
      cell: (row) => (
        <>
          <span className="mono" style={{ display: "inline-block", width: 52, color: "var(--ink-dim)" }}>
            {row.method}
          </span>
          <span className="mono">{row.path}</span>
        </>
      ),
    },
    { id: "summary", title: "What it does", width: "minmax(220px, 2fr)", cell: (row) => row.summary },
    {
      id: "permission",
      title: "Permission",
      width: "minmax(180px, 1fr)",
      cell: (row) => (row.permission ? <span className="mono">{row.permission}</span> : <Badge>Everyone</Badge>),
    },
    {
      id: "may",
      title: "You",
      width: "90px",
      cell: (row) =>
        row.permission === "" || may(row.id as Operation) ? "May call" : <span className="dim">May not</span>,
    },
  ];
  return (
    <Page
      title="API reference"
      purpose="Everything the console does, any program can do: each call, and the permission it needs."
      actions={actions}
      fills
    >
      <div className={classes.tools}>
        <TextInput
          size="xs"
          className={classes.search}
          type="search"
          aria-label="Search calls"
          placeholder="Search calls"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={url.q ?? ""}
          onChange={(event) => setUrl({ q: event.currentTarget.value || undefined }, { replace: true })}
        />
        <Filters
          filters={[{ name: "service", title: "Service", choices: services.map((value) => ({ value, label: value })) }]}
        />
        <span className={classes.space} />
        <span className={classes.count} role="status">
          {query.isPending ? "" : count(rows.length, "call")}
        </span>
      </div>
      {query.error ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : rows.length === 0 && !query.isPending ? (
        <EmptyState title="No call fits">Try fewer words.</EmptyState>
      ) : (
        <Table
          label="Calls"
          rows={rows}
          columns={columns}
          id={(row) => row.id}
          name={(row) => row.id}
          loading={query.isPending}
        />
      )}
    </Page>
  );
}
