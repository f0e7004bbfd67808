// Fields that name other definitions by code: metrics, entities, attributes of several entities.
import { Fieldset, MultiSelect, NumberInput, Select, TextInput } from "@mantine/core";
import { useCall } from "@/api/hooks";
import type { FieldProps, Value } from "../form/form";
import { choices } from "../format";
import { AttributeField } from "./attribute-field";

const long = { staleTime: 30_000 };

function useMetrics() {
  const found =
    useCall("MetadataService_ListMetrics", { query: { pageSize: 1000, orderBy: "name" } }, long).data?.metrics ?? [];
  return found.map((one) => ({ value: one.code ?? "", label: `${one.name} (${one.code})` }));
}
function useEntities() {
  return (
    useCall("MetadataService_ListEntities", { query: { pageSize: 1000, orderBy: "name" } }, long).data?.entities ?? []
  );
}
const join = (props: FieldProps) => props.violations.map((one) => one.description).join("; ") || undefined;

function MetricsField(props: FieldProps) {
  return (
    <MultiSelect
      label={props.label}
      description={props.help}
      searchable
      hidePickedOptions
      data={useMetrics()}
      value={(props.value as string[] | undefined) ?? []}
      onChange={props.set}
      error={join(props)}
    />
  );
}
function EntitiesField(props: FieldProps) {
  const data = useEntities().map((one) => ({ value: one.code ?? "", label: one.name ?? "" }));
  return (
    <MultiSelect
      label={props.label}
      description={props.help}
      searchable
      hidePickedOptions
      data={data}
      value={(props.value as string[] | undefined) ?? []}
      onChange={props.set}
      error={join(props)}
    />
  );
}
function DimensionsField(props: FieldProps) {
  const data = useEntities().map((one) => ({
    group: one.name ?? "",
    items: (one.attributes ?? []).map((attribute) => ({
      value: `${one.code}.${attribute.code}`,
      label: `${one.code}.${attribute.code}`,
    })),
  }));
  const held = ((props.value as { entity?: string; attribute?: string }[] | undefined) ?? []).map(
    (one) => `${one.entity}.${one.attribute}`,
  );
  return (
    <MultiSelect
      label={props.label}
      description={props.help}
      searchable
      hidePickedOptions
      data={data}
      value={held}
      error={join(props)}
      onChange={(next) => props.set(next.map((one) => ({ entity: one.split(".")[0], attribute: one.split(".")[1] })))}
    />
  );
}

interface PartProps {
  props: FieldProps;
  of: string;
  label: string;
}
function MetricPart({ props, of, label }: PartProps) {
  const held = (props.value ?? {}) as Value;
  const error =
    props.violations
      .filter((one) => one.field.endsWith(`.${of}`))
      .map((one) => one.description)
      .join("; ") || undefined;
  return (
    <Select
      label={label}
      searchable
      data={useMetrics()}
      value={(held[of] as string | undefined) ?? null}
      onChange={(next) => props.set({ ...held, [of]: next ?? undefined })}
      error={error ?? (of === "numerator" || of === "metric" || of === "base" ? props.error : undefined)}
    />
  );
}

function RatioField(props: FieldProps) {
  return (
    <Fieldset legend={props.label} variant="unstyled">
      <MetricPart props={props} of="numerator" label="Above the line" />
      <MetricPart props={props} of="denominator" label="Below the line" />
    </Fieldset>
  );
}
function CumulativeField(props: FieldProps) {
  const held = (props.value ?? {}) as Value;
  return (
    <Fieldset legend={props.label} variant="unstyled">
      <MetricPart props={props} of="metric" label="Metric that is summed" />
      <NumberInput
        label="Length of the window"
        description="0 is without a start"
        min={0}
        max={10_000}
        value={(held.window as number | undefined) ?? 0}
        onChange={(next) => props.set({ ...held, window: Number(next) || undefined })}
      />
      <Select
        label="Unit of the window, or the period after which it starts anew"
        data={choices("tessera.metadata.v1.Grain")}
        value={(held.grain as string | undefined) ?? null}
        onChange={(next) => props.set({ ...held, grain: next ?? undefined })}
      />
    </Fieldset>
  );
}
function ConversionField(props: FieldProps) {
  const held = (props.value ?? {}) as Value;
  return (
    <Fieldset legend={props.label} variant="unstyled">
      <MetricPart props={props} of="base" label="Counts the base events" />
      <MetricPart props={props} of="conversion" label="Counts the conversions" />
      <AttributeField
        {...props}
        label="Joined by"
        help="Attribute that a base event and its conversion share"
        value={held.subject}
        set={(next) => props.set({ ...held, subject: next })}
        violations={[]}
      />
      <TextInput
        label="Within"
        description="Such as 2592000s for 30 days; empty is ever"
        value={(held.within as string | undefined) ?? ""}
        onChange={(event) => props.set({ ...held, within: event.currentTarget.value || undefined })}
      />
    </Fieldset>
  );
}
function SetField(props: FieldProps) {
  const held = (props.value ?? {}) as Value;
  const wrong = (part: string) => props.violations.filter((one) => one.field.includes(part));
  return (
    <Fieldset legend={props.label} variant="unstyled">
      <AttributeField
        {...props}
        label="Member"
        help="Attribute that tells one member of the set from another"
        value={held.member}
        set={(next) => props.set({ ...held, member: next })}
        violations={wrong("member")}
      />
      <TextInput
        label="Condition for membership"
        placeholder="status = 'Active'"
        classNames={{ input: "mono" }}
        value={(held.filter as string | undefined) ?? ""}
        error={
          wrong("filter")
            .map((one) => one.description)
            .join("; ") || undefined
        }
        onChange={(event) => props.set({ ...held, filter: event.currentTarget.value || undefined })}
      />
    </Fieldset>
  );
}

export const metricsField = (props: FieldProps) => <MetricsField {...props} />;
export const entitiesField = (props: FieldProps) => <EntitiesField {...props} />;
export const dimensionsField = (props: FieldProps) => <DimensionsField {...props} />;
export const ratioField = (props: FieldProps) => <RatioField {...props} />;
export const cumulativeField = (props: FieldProps) => <CumulativeField {...props} />;
export const conversionField = (props: FieldProps) => <ConversionField {...props} />;
export const setField = (props: FieldProps) => <SetField {...props} />;
