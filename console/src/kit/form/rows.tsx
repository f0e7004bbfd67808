// A list of small things as a field: a row each, a column for each field, as the contract says.
import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { words } from "../format";
import { type FieldProps, labelOf } from "./form";
import classes from "./rows.module.css";
import { resolve } from "./schema";

type Row = Record<string, unknown>;

/** A widget for a list of flat messages with these fields, in this order. */
export function rowsField(fields: string[], add: string, widths?: string) {
  return ({ label, help, value, set, violations, name, schema, schemas }: FieldProps) => {
    const rows = (value as Row[] | undefined) ?? [];
    const item = resolve(schemas, schema.items ?? {});
    const write = (index: number, field: string, next: unknown) =>
      set(rows.map((row, at) => (at === index ? { ...row, [field]: next || undefined } : row)));
    const template = `${widths ?? fields.map(() => "minmax(90px, 1fr)").join(" ")} 30px`;
    const wrong = (index: number, field: string) =>
      violations
        .filter((one) => one.field === `${name}[${index}].${field}`)
        .map((one) => one.description)
        .join("; ") || undefined;
    return (
      <fieldset className={classes.set}>
        <legend className={classes.legend}>{label}</legend>
        {help ? <p className={classes.help}>{help}</p> : null}
        {rows.length > 0 ? (
          <div className={classes.head} style={{ gridTemplateColumns: template }} aria-hidden>
            {fields.map((field) => (
              <span key={field}>{labelOf(field)}</span>
            ))}
          </div>
        ) : null}
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name of their own
          <div key={index} className={classes.row} style={{ gridTemplateColumns: template }}>
            {fields.map((field) => {
              const of = resolve(schemas, item.properties?.[field] ?? {});
              const common = {
                size: "xs",
                "aria-label": `${labelOf(field)} of ${label.toLowerCase()} ${index + 1}`,
                error: wrong(index, field),
              } as const;
              const text = (row[field] as string | undefined) ?? "";
              return of.enum ? (
                <Select
                  key={field}
                  {...common}
                  data={of.enum
                    .filter((one) => !one.endsWith("_UNSPECIFIED"))
                    .map((one) => ({ value: one, label: words(one) }))}
                  value={text || null}
                  onChange={(next) => write(index, field, next)}
                />
              ) : (
                <TextInput
                  key={field}
                  {...common}
                  value={text}
                  onChange={(event) => write(index, field, event.currentTarget.value)}
                />
              );
            })}
            <ActionIcon
              size={26}
              aria-label={`Remove ${label.toLowerCase()} ${index + 1}`}
              onClick={() => set(rows.filter((_, at) => at !== index))}
            >
              <IconTrash size={14} />
            </ActionIcon>
          </div>
        ))}
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconPlus size={13} />}
          onClick={() => set([...rows, {}])}
        >
          {add}
        </Button>
      </fieldset>
    );
  };
}
