// The contract's constraints, as forms use them: what a field is, and what is wrong with a value.
import { useQuery } from "@tanstack/react-query";
import type { Violation } from "@/api/errors";
import { schemaFiles } from "@/api/generated/schemas";

/** As much of JSON Schema as the contracts become. */
export interface Schema {
  type?: string;
  format?: string;
  description?: string;
  enum?: string[];
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  readOnly?: boolean;
  writeOnly?: boolean;
}

export type Schemas = Record<string, Schema>;

const serviceOf = (name: string) => name.split(".")[1] ?? "";

/** All schemas of the service that a message belongs to, loaded when a form needs them. */
export function useSchemas(name: string): Schemas | undefined {
  const service = serviceOf(name);
  return useQuery({
    queryKey: ["schemas", service],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const load = (schemaFiles as unknown as Record<string, () => Promise<{ default: unknown }>>)[service];
      const [own, types] = await Promise.all([load?.(), schemaFiles.type()]);
      return { ...(own?.default as Schemas), ...(types.default as unknown as Schemas) };
    },
  }).data;
}

/** What stands behind a reference, with what is said beside it. */
export function resolve(schemas: Schemas, schema: Schema): Schema {
  if (!schema.$ref) return schema;
  const name = schema.$ref.replace("#/components/schemas/", "");
  const { $ref: _, ...beside } = schema;
  return { ...schemas[name], ...beside };
}

const patterns: Record<string, string> = {
  "^[a-z][a-z0-9_]*$": "must be lower-case letters, digits and _, and begin with a letter",
  "^[a-z0-9][a-z0-9_-]*$": "must be lower-case letters, digits, - and _",
  "^-?[0-9]{1,38}(\\.[0-9]{1,38})?$": "must be a number such as 12.5",
  "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "must be a day such as 2026-01-31",
};

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function ofText(schema: Schema, text: string): string | undefined {
  if (schema.maxLength !== undefined && [...text].length > schema.maxLength) {
    return `must be at most ${schema.maxLength} characters long`;
  }
  if (schema.minLength !== undefined && [...text].length < schema.minLength) {
    return schema.minLength === 1 ? "must not be empty" : `must be at least ${schema.minLength} characters long`;
  }
  if (schema.pattern && !new RegExp(schema.pattern, "u").test(text)) {
    return patterns[schema.pattern] ?? `must match ${schema.pattern}`;
  }
  if (schema.format === "email" && !/^[^@\s]+@[^@\s]+$/.test(text)) return "must be an e-mail address";
  return undefined;
}

/** What is wrong with a value, field by field. `path` is where the value stands. */
export function check(schemas: Schemas, given: Schema, value: unknown, path: string, only?: string[]): Violation[] {
  const schema = resolve(schemas, given);
  const wrong = (description: string): Violation[] => [{ field: path, description, reason: "FORM" }];
  if (schema.properties) {
    const held = (value ?? {}) as Record<string, unknown>;
    const names = only ?? Object.keys(schema.properties);
    return names.flatMap((name) => {
      const field = schema.properties?.[name];
      if (!field) return [];
      const at = path ? `${path}.${name}` : name;
      if (isEmpty(held[name])) {
        return schema.required?.includes(name) ? [{ field: at, description: "is needed", reason: "FORM" }] : [];
      }
      return check(schemas, field, held[name], at);
    });
  }
  if (schema.type === "array" && Array.isArray(value)) {
    if (schema.maxItems !== undefined && value.length > schema.maxItems)
      return wrong(`must have at most ${schema.maxItems}`);
    if (schema.uniqueItems && new Set(value.map((one) => JSON.stringify(one))).size < value.length)
      return wrong("must not have the same twice");
    return value.flatMap((one, index) => check(schemas, schema.items ?? {}, one, `${path}[${index}]`));
  }
  if (isEmpty(value)) return [];
  if (schema.enum && !schema.enum.includes(String(value))) return wrong("is none of the choices");
  if (schema.type === "integer" || schema.type === "number") {
    const number = Number(value);
    if (!Number.isFinite(number) || (schema.type === "integer" && !Number.isInteger(number)))
      return wrong("must be a number");
    if (schema.minimum !== undefined && number < schema.minimum) return wrong(`must be at least ${schema.minimum}`);
    if (schema.maximum !== undefined && number > schema.maximum) return wrong(`must be at most ${schema.maximum}`);
    return [];
  }
  if (schema.type === "string" && !schema.enum) {
    const text = ofText(schema, String(value));
    return text ? wrong(text) : [];
  }
  return [];
}

/** A path as the contract writes it, in the names of JSON: `entity.time_attribute` is `entity.timeAttribute`. */
export function jsonPath(path: string): string {
  return path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** What the server found, as paths below `prefix`. */
export function below(violations: Violation[], prefix: string): Violation[] {
  return violations.map((violation) => {
    const path = jsonPath(violation.field);
    const cut = prefix && (path === prefix || path.startsWith(`${prefix}.`)) ? path.slice(prefix.length + 1) : path;
    return { ...violation, field: cut };
  });
}
