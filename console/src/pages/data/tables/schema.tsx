// The statements that make a table, for each database.
import { Button, SegmentedControl } from "@mantine/core";
import { IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import { useCall } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { ErrorState, PageSkeleton } from "@/kit/states";
import classes from "./tables.module.css";

const dialects = [
  { value: "SCHEMA_DIALECT_UNSPECIFIED", label: "This installation" },
  { value: "SCHEMA_DIALECT_SQLITE", label: "SQLite" },
  { value: "SCHEMA_DIALECT_POSTGRES", label: "PostgreSQL" },
  { value: "SCHEMA_DIALECT_TIMESCALEDB", label: "TimescaleDB" },
];

export function Schema({ entity }: { entity: string }) {
  const [dialect, setDialect] = useState(dialects[0]?.value ?? "");
  const query = useCall(
    "WarehouseService_GenerateSchema",
    { path: { entity }, query: { dialect } as never },
    { keep: true },
  );
  const sql = query.data?.sql ?? "";
  return (
    <>
      <div className={classes.where}>
        <SegmentedControl size="xs" aria-label="Database" value={dialect} onChange={setDialect} data={dialects} />
        <Button
          size="xs"
          variant="default"
          leftSection={<IconCopy size={13} />}
          disabled={!sql}
          onClick={() => void navigator.clipboard.writeText(sql).then(() => toast({ title: "Statements copied" }))}
        >
          Copy
        </Button>
      </div>
      {query.error ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <PageSkeleton />
      ) : (
        // What scrolls must be reached by the keyboard.
        <pre className={classes.sql} tabIndex={0}>
          {sql}
        </pre>
      )}
    </>
  );
}
