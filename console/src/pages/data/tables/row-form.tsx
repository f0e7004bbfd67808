// The form of one row, made from the table's columns.
import { Button, Group, Modal, Select, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, newRequestId } from "@/api/client";
import type { Message } from "@/api/contract";
import { type ApiError, asApiError } from "@/api/errors";
import { toast } from "@/app/toasts";
import { RequestId } from "@/kit/states";
import { cellText } from "./rows";

type TableColumn = Message<"tessera.warehouse.v1.Column">;
type Row = Message<"tessera.warehouse.v1.Record">;

const hints: Record<string, string> = {
  date: "2026-01-31",
  timestamp: "2026-01-31T12:00:00Z",
  uuid: "01234567-89ab-…",
  json: '{"key": "value"}',
};

/** What is typed, as the row's value; an empty field is no value. */
export function toValue(type: string, text: string): unknown {
  if (text === "") return null;
  if (type === "boolean") return text === "true";
  if (type === "json") {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  // Numbers go as text: no digit is lost on the way.
  return text;
}

export function RowForm({
  entity,
  columns,
  row,
  close,
}: {
  entity: string;
  columns: TableColumn[];
  row?: Row;
  close: () => void;
}) {
  const client = useQueryClient();
  const first = Object.fromEntries(
    columns.map((column) => [column.attribute ?? "", row ? cellText(row, column.attribute ?? "") : ""]),
  );
  const [texts, setTexts] = useState<Record<string, string>>(first);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const fixed = (column: TableColumn) => Boolean(row && (column.key || column.time));
  const save = async () => {
    setBusy(true);
    setError(null);
    setWrong({});
    try {
      const changed = columns.filter(
        (column) => !row || (texts[column.attribute ?? ""] !== first[column.attribute ?? ""] && !fixed(column)),
      );
      const values = Object.fromEntries(
        changed.map((column) => [
          column.attribute ?? "",
          toValue(column.type ?? "", texts[column.attribute ?? ""] ?? ""),
        ]),
      );
      if (row && changed.length === 0) return close();
      if (row) {
        await call("WarehouseService_UpdateRecords", {
          path: { entity },
          body: { ids: [row.id ?? ""], etag: row.etag, values, requestId: newRequestId() } as never,
        });
      } else {
        const answer = await call("WarehouseService_WriteRecords", {
          path: { entity },
          body: { records: [values], mode: "WRITE_MODE_INSERT", requestId: newRequestId() } as never,
        });
        const failed = (answer.results ?? []).filter((result) => result.outcome === "WRITE_OUTCOME_FAILED");
        if (failed.length > 0) {
          setWrong(Object.fromEntries(failed.map((result) => [result.attribute ?? "", result.description ?? ""])));
          return;
        }
      }
      await client.invalidateQueries({ queryKey: ["warehouse"] });
      toast({ title: row ? "The row is changed" : "The row is written" });
      close();
    } catch (cause) {
      const given = asApiError(cause);
      setError(given);
      setWrong(
        Object.fromEntries(
          given.violations.map((violation) => [violation.field.split(".").at(-1) ?? "", violation.description]),
        ),
      );
    } finally {
      setBusy(false);
    }
  };
  const names = new Set(columns.map((column) => column.attribute));
  const general = [...Object.entries(wrong)].filter(([name]) => !names.has(name)).map(([, text]) => text);
  return (
    <Modal opened onClose={close} title={row ? `Edit a row of ${entity}` : `Add a row to ${entity}`} size={520}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {columns.map((column, index) => {
          const name = column.attribute ?? "";
          const set = (text: string) => setTexts((now) => ({ ...now, [name]: text }));
          const common = {
            label: name,
            description: [column.type, column.unit].filter(Boolean).join(", "),
            error: wrong[name],
            disabled: fixed(column),
            required: !column.nullable,
            "aria-required": !column.nullable,
            mb: "sm",
          } as const;
          const allowed = column.type === "boolean" ? ["true", "false"] : (column.allowedValues ?? []);
          if (allowed.length > 0) {
            return (
              <Select
                key={name}
                {...common}
                data={allowed}
                value={texts[name] || null}
                onChange={(next) => set(next ?? "")}
                clearable={column.nullable}
                data-autofocus={index === 0 || undefined}
              />
            );
          }
          return (
            <TextInput
              key={name}
              {...common}
              placeholder={hints[column.type ?? ""]}
              value={texts[name] ?? ""}
              onChange={(event) => set(event.currentTarget.value)}
              data-autofocus={index === 0 || undefined}
            />
          );
        })}
        {error || general.length > 0 ? (
          <div role="alert" style={{ color: "var(--bad)" }}>
            {general.join("; ") ||
              (Object.keys(wrong).length === 0 && error ? `${error.message}. ${error.advice}` : "")}
            <RequestId id={error?.requestId ?? ""} />
          </div>
        ) : null}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {row ? "Save changes" : "Write the row"}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
