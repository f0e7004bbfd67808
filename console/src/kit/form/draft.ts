// A draft of a message: what is being written, what changed since it was read, and what is wrong with it.
import { useMemo, useState } from "react";
import { newRequestId } from "@/api/client";
import { type ApiError, asApiError, type Violation } from "@/api/errors";
import type { Value } from "./form";
import { below, check, useSchemas } from "./schema";

/** What the server fills; an update does not send it. */
const SERVERS = ["version", "etag", "createTime", "updateTime", "deleteTime", "id"];

/** The fields whose values differ, for an update mask. */
export function changed(before: Value, after: Value): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const text = (value: unknown) =>
    JSON.stringify(
      value === "" || value === false || (Array.isArray(value) && value.length === 0) ? undefined : value,
    ) ?? "";
  return [...names].filter((name) => !SERVERS.includes(name) && text(before[name]) !== text(after[name])).sort();
}

const NONE: string[] = [];

/** What is needed besides what the contract has rules for, and not given. */
const missing = (value: Value, required: string[]): Violation[] =>
  required
    .filter((field) => value[field] === undefined || value[field] === "")
    .map((field) => ({ field, description: "is needed", reason: "FORM" }));

/** The field of the message that a path begins with. */
const rootOf = (path: string): string => /^[^.[]*/.exec(path)?.[0] ?? "";

/**
 * A draft of the message `of`, begun with `first`. `prefix` is the field of the request that holds it: what the server
 * says of `entity.code` belongs to `code`.
 */
export function useDraft(of: string, first: Value, prefix: string, fields: string[], required: string[] = NONE) {
  const schemas = useSchemas(of);
  const [value, setValue] = useState<Value>(first);
  // The fields whose rules are shown: all of them once it was tried to save, those of a step once it was left.
  const [tried, setTried] = useState<true | ReadonlySet<string>>(new Set<string>());
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const [requestId, setRequestId] = useState(newRequestId);
  const changes = useMemo(() => changed(first, value), [first, value]);
  const own = useMemo(
    () => (schemas?.[of] ? [...missing(value, required), ...check(schemas, schemas[of], value, "", fields)] : []),
    [schemas, of, value, fields, required],
  );
  const found = error ? below(error.violations, prefix) : [];
  const shown = own.filter((one) => tried === true || tried.has(rootOf(one.field)));
  const violations: Violation[] = [...found, ...shown.filter((one) => !found.some((two) => two.field === one.field))];

  return {
    value,
    /** Whether the contract's rules are there, and with them the fields of the form. */
    ready: schemas !== undefined,
    changes,
    error,
    busy,
    violations,
    requestId,
    set(next: Value) {
      setValue(next);
      // What the server said was said of the value before.
      if (error) setError(null);
    },
    /** Sends it with `send` unless the contract's rules already say no; answers whether it went through. */
    async save(send: (requestId: string) => Promise<unknown>): Promise<boolean> {
      setTried(true);
      if (own.length > 0) return false;
      setBusy(true);
      try {
        await send(requestId);
        setError(null);
        setTried(new Set());
        return true;
      } catch (cause) {
        const given = asApiError(cause);
        setError(given);
        // Another body under the same id would be refused: what is sent after a refusal is another request.
        if (!given.passing) setRequestId(newRequestId());
        return false;
      } finally {
        setBusy(false);
      }
    },
    reset(next: Value = first) {
      setValue(next);
      setError(null);
      setTried(new Set());
    },
    /** Whether these fields hold, as far as the contract's rules can tell. */
    holds(names: string[]): boolean {
      return schemas !== undefined && !own.some((one) => names.includes(rootOf(one.field)));
    },
    /** Shows what is wrong with these fields. */
    look(names: string[]): void {
      setTried((now) => (now === true ? now : new Set([...now, ...names])));
    },
  };
}

export type Draft = ReturnType<typeof useDraft>;
