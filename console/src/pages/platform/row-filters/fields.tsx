// The fields of a row filter that the contract alone does not make: the entity, whom it narrows, the condition.
import { Group, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useCall, useMay } from "@/api/hooks";
import type { FieldProps } from "@/kit/form/form";
import { ConditionField } from "@/kit/formula/condition";
import type { Subject } from "@/kit/identity/subjects";

type Holder = "role" | "SUBJECT_KIND_GROUP" | "SUBJECT_KIND_USER";

const kinds: { value: Holder; label: string }[] = [
  { value: "role", label: "All who hold a role" },
  { value: "SUBJECT_KIND_GROUP", label: "The members of a group" },
  { value: "SUBJECT_KIND_USER", label: "One user" },
];

const problem = (props: FieldProps) => props.violations.map((one) => one.description).join("; ") || undefined;

function EntityField(props: FieldProps) {
  const entities =
    useCall("MetadataService_ListEntities", { query: { pageSize: 1000, orderBy: "name" } }, { staleTime: 30_000 }).data
      ?.entities ?? [];
  return (
    <Select
      label={props.label}
      description="Only rows of this entity are narrowed. It cannot be changed later."
      required
      searchable
      disabled={props.disabled}
      error={problem(props)}
      data={entities.map((one) => ({ value: one.code ?? "", label: `${one.name} (${one.code})` }))}
      value={(props.value as string | undefined) ?? null}
      onChange={(next) => props.set(next ?? undefined)}
    />
  );
}

/** Whom it narrows: a role by name, or a group or user by id. Its two fields in the contract are one here. */
function HolderField(props: FieldProps) {
  const { role, subject } = props.message as { role?: string; subject?: Subject };
  const set = (next: { role?: string; subject?: Subject }) =>
    props.setMessage({ ...props.message, role: undefined, subject: undefined, ...next });
  const error = problem(props);
  const may = useMay();
  const [kind, setKind] = useState<Holder>("role");
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text, 150);
  const roles =
    useCall("IdentityService_ListRoles", undefined, { enabled: kind === "role" && may("IdentityService_ListRoles") })
      .data?.roles ?? [];
  const groups =
    useCall(
      "IdentityService_ListGroups",
      { query: { namePrefix: asked, pageSize: 50 } },
      { enabled: kind === "SUBJECT_KIND_GROUP" && may("IdentityService_ListGroups"), keep: true },
    ).data?.groups ?? [];
  const users =
    useCall(
      "IdentityService_ListUsers",
      { query: { emailPrefix: asked, pageSize: 50 } },
      { enabled: kind === "SUBJECT_KIND_USER" && may("IdentityService_ListUsers"), keep: true },
    ).data?.users ?? [];
  const data =
    kind === "role"
      ? roles.map((one) => ({ value: one.name ?? "", label: one.name ?? "" }))
      : kind === "SUBJECT_KIND_GROUP"
        ? groups.map((one) => ({ value: one.id ?? "", label: one.name ?? "" }))
        : users.map((one) => ({ value: one.id ?? "", label: `${one.displayName || one.email} (${one.email})` }));
  return (
    <Group gap="xs" grow align="flex-start" wrap="nowrap">
      <Select
        label="Whom it narrows"
        description="Set when it is made, and not changed later"
        required
        allowDeselect={false}
        data={kinds}
        value={kind}
        onChange={(next) => {
          setKind((next ?? "role") as Holder);
          setText("");
          set({});
        }}
      />
      <Select
        label={kind === "role" ? "Role" : kind === "SUBJECT_KIND_GROUP" ? "Group" : "User"}
        description={kind === "SUBJECT_KIND_USER" ? "Found by e-mail address" : "Found by name"}
        required
        searchable
        error={error}
        data={data}
        searchValue={text}
        onSearchChange={setText}
        nothingFoundMessage="Nothing found"
        value={role ?? subject?.id ?? null}
        onChange={(next) =>
          set(next === null ? {} : kind === "role" ? { role: next } : { subject: { kind, id: next } })
        }
      />
    </Group>
  );
}

export const entityField = (props: FieldProps) => <EntityField {...props} />;
export const holderField = (props: FieldProps) => <HolderField {...props} />;

/** The condition, checked against the entity that it is about. */
export const conditionField = (props: FieldProps) => (
  <ConditionField
    {...props}
    help="What holds for the rows they may see, in the metric language, over the attributes of the entity."
    entity={props.message.entity as string | undefined}
  />
);
