// A form made from the contract: which fields, in which order; what each is and must be, the schema says.
import { MultiSelect, NumberInput, PasswordInput, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Violation } from "@/api/errors";
import { choices, words } from "../format";
import classes from "./form.module.css";
import { resolve, type Schema, type Schemas, useSchemas } from "./schema";

export type Value = Record<string, unknown>;

/** What a widget of one's own gets. */
export interface FieldProps {
  name: string;
  label: string;
  help?: string;
  required: boolean;
  value: unknown;
  set: (next: unknown) => void;
  /** What is wrong with it, as a sentence. */
  error?: string;
  /** All that is wrong at it or within it. */
  violations: Violation[];
  schema: Schema;
  schemas: Schemas;
  disabled?: boolean;
  /** The whole message, for a widget that depends on other fields or writes more than one. */
  message: Value;
  setMessage: (next: Value) => void;
}

export interface FormProps {
  /** Full name of the message. */
  of: string;
  fields: string[];
  value: Value;
  set: (next: Value) => void;
  violations: Violation[];
  /** Widgets of one's own, by field. */
  widgets?: Record<string, (props: FieldProps) => ReactNode>;
  /** Names of fields where the contract's do not do. */
  labels?: Record<string, string>;
  /** Fields that can be seen but not changed. */
  fixed?: string[];
  /** Fields that must be given though the contract has no rule for it. */
  required?: string[];
}

/** The name of a field in words. */
export function labelOf(name: string): string {
  const text = name.replace(/([A-Z])/g, " $1").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The contract's comment, without what the form says by itself. */
function helpOf(schema: Schema): string | undefined {
  const text = schema.description
    ?.split("\n- `")[0]
    ?.replace(/\s*Required\.(\s|$)/, " ")
    .replaceAll("`", "")
    .trim();
  return text || undefined;
}

export function Form({
  of,
  fields,
  value,
  set,
  violations,
  widgets = {},
  labels = {},
  fixed = [],
  required = [],
}: FormProps) {
  const schemas = useSchemas(of);
  const schema = schemas?.[of];
  if (!schemas || !schema) return null;
  return (
    <div className={classes.form}>
      {fields.map((name) => {
        const given = schema.properties?.[name];
        if (!given) return null;
        const within = violations.filter(
          (one) => one.field === name || one.field.startsWith(`${name}.`) || one.field.startsWith(`${name}[`),
        );
        const own = within.filter((one) => one.field === name).map((one) => one.description);
        const props: FieldProps = {
          name,
          label: labels[name] ?? labelOf(name),
          help: helpOf(given),
          required: schema.required?.includes(name) || required.includes(name),
          value: value[name],
          set: (next) => set({ ...value, [name]: next }),
          error: own.length > 0 ? own.join("; ").replace(/^./, (c) => c.toUpperCase()) : undefined,
          violations: within,
          schema: resolve(schemas, given),
          schemas,
          disabled: fixed.includes(name),
          message: value,
          setMessage: set,
        };
        const Widget = widgets[name] ?? Field;
        return (
          <div key={name} className={classes.field} data-field={name}>
            {Widget(props)}
          </div>
        );
      })}
    </div>
  );
}

/** The widget that fits the schema. */
export function Field(props: FieldProps): ReactNode {
  const { schema, schemas, value, set } = props;
  const common = {
    label: props.label,
    description: props.help,
    error: props.error,
    disabled: props.disabled,
    required: props.required,
    "aria-required": props.required,
  };
  const text = (value ?? "") as string;
  if (schema.enum) {
    return (
      <Select
        {...common}
        data={enumChoices(schema)}
        value={text || null}
        onChange={(next) => set(next ?? undefined)}
        clearable={!props.required}
      />
    );
  }
  if (schema.type === "boolean") {
    return (
      <Switch
        label={props.label}
        description={props.help}
        disabled={props.disabled}
        checked={value === true}
        onChange={(event) => set(event.currentTarget.checked || undefined)}
      />
    );
  }
  if (schema.type === "integer" || schema.type === "number") {
    return (
      <NumberInput
        {...common}
        min={schema.minimum}
        max={schema.maximum}
        allowDecimal={schema.type === "number"}
        value={(value as number | undefined) ?? ""}
        onChange={(next) => set(next === "" ? undefined : Number(next))}
      />
    );
  }
  if (schema.type === "array") {
    const items = resolve(schemas, schema.items ?? {});
    const held = (value as string[] | undefined) ?? [];
    if (items.enum) return <MultiSelect {...common} data={enumChoices(items)} value={held} onChange={set} />;
    if (items.type === "string")
      return <TagsInput {...common} value={held} onChange={set} maxTags={schema.maxItems} splitChars={[",", " "]} />;
    return null;
  }
  if (schema.format === "date-time") {
    return (
      <TextInput
        {...common}
        type="datetime-local"
        value={localTime(text)}
        onChange={(event) =>
          set(event.currentTarget.value ? new Date(event.currentTarget.value).toISOString() : undefined)
        }
      />
    );
  }
  const onText = (next: string) => set(next === "" ? undefined : next);
  if (/password|secret/i.test(props.name)) {
    return (
      <PasswordInput
        {...common}
        autoComplete="new-password"
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": `Show ${props.label}` }}
      />
    );
  }
  if ((schema.maxLength ?? 0) > 500) {
    return <Textarea {...common} value={text} onChange={(event) => onText(event.currentTarget.value)} />;
  }
  return (
    <TextInput
      {...common}
      value={text}
      onChange={(event) => onText(event.currentTarget.value)}
      classNames={schema.pattern ? { input: "mono" } : undefined}
    />
  );
}

function enumChoices(schema: Schema) {
  return (schema.enum ?? [])
    .filter((one) => !one.endsWith("_UNSPECIFIED"))
    .map((one) => ({ value: one, label: words(one) }));
}

function localTime(value: string): string {
  if (!value) return "";
  const at = new Date(value);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export { choices };
