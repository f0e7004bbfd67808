// The choice of an attribute of an entity.
import { Group, Select } from "@mantine/core";
import { useCall } from "@/api/hooks";
import type { FieldProps } from "../form/form";

interface Ref {
  entity?: string;
  attribute?: string;
}

export function AttributeField({ label, help, required, value, set, violations, disabled }: FieldProps) {
  const entities =
    useCall("MetadataService_ListEntities", { query: { pageSize: 1000, orderBy: "name" } }, { staleTime: 30_000 }).data
      ?.entities ?? [];
  const held = (value ?? {}) as Ref;
  const attributes = entities.find((one) => one.code === held.entity)?.attributes ?? [];
  const wrong = violations.map((one) => one.description).join("; ") || undefined;
  return (
    <Group gap="xs" grow align="flex-start" wrap="nowrap">
      <Select
        label={label}
        description={help}
        required={required}
        searchable
        disabled={disabled}
        error={wrong}
        placeholder="Entity"
        inputWrapperOrder={["label", "input", "description", "error"]}
        value={held.entity ?? null}
        onChange={(next) => set(next ? { entity: next } : undefined)}
        data={entities.map((one) => ({ value: one.code ?? "", label: one.name ?? one.code ?? "" }))}
      />
      <Select
        label={`Attribute of “${label.toLowerCase()}”`}
        searchable
        disabled={disabled || attributes.length === 0}
        placeholder="Attribute"
        value={held.attribute ?? null}
        onChange={(next) => set({ ...held, attribute: next ?? undefined })}
        data={attributes.map((one) => ({
          value: one.code ?? "",
          label: one.name ? `${one.name} (${one.code})` : (one.code ?? ""),
        }))}
      />
    </Group>
  );
}

/** As a widget of a form. */
export const attributeField = (props: FieldProps) => <AttributeField {...props} />;
