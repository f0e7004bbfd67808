// The fields of a schedule.
import { Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useCall } from "@/api/hooks";
import { choices, words } from "@/kit/format";
import type { Schedule } from "./list";
import { Preview, usePreview } from "./preview";
import classes from "./schedules.module.css";

/** What people write often. */
const common = [
  { value: "0 * * * *", label: "every hour" },
  { value: "0 3 * * *", label: "every night at three" },
  { value: "0 6 * * 1-5", label: "each weekday at six" },
  { value: "0 4 1 * *", label: "on the first of each month" },
];

interface Props {
  value: Schedule;
  set: (change: Partial<Schedule>) => void;
  /** What is wrong with a field. */
  wrong: (field: string) => string | undefined;
  /** Whether it is there already: then service and kind are fixed. */
  there?: boolean;
}

export function ScheduleFields({ value, set, wrong, there }: Props) {
  const kinds = useCall("OperationsService_ListKinds", { query: { pageSize: 500 } }, { staleTime: 60_000 }).data?.kinds;
  const open = (kinds ?? []).filter((one) => one.open);
  const zones = Intl.supportedValuesOf("timeZone");
  const zone = value.timeZone || "UTC";
  const preview = usePreview(value.cron ?? "", zone);
  return (
    <div className={classes.fields}>
      <TextInput
        label="Name"
        required
        value={value.name ?? ""}
        error={wrong("name")}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      {there ? null : (
        <Select
          label="Kind of work"
          required
          searchable
          nothingFoundMessage="No service offers work that can be scheduled"
          data={open.map((one) => ({ value: `${one.service} ${one.name}`, label: one.title || (one.name ?? "") }))}
          value={value.kind ? `${value.service} ${value.kind}` : null}
          error={wrong("kind") ?? wrong("service")}
          onChange={(next) => {
            const [service, kind] = (next ?? " ").split(" ");
            set({ service, kind });
          }}
        />
      )}
      <Select
        label="Common times"
        data={common}
        value={common.some((one) => one.value === value.cron) ? (value.cron ?? null) : null}
        onChange={(next) => next && set({ cron: next })}
      />
      <TextInput
        label="Cron expression"
        required
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        description="Minute, hour, day, month, weekday; seconds may stand before"
        value={value.cron ?? ""}
        error={wrong("cron") ?? preview.wrong}
        onChange={(event) => set({ cron: event.currentTarget.value })}
      />
      <Select
        label="Time zone"
        searchable
        data={["UTC", ...zones.filter((zone) => zone !== "UTC")]}
        value={zone}
        error={wrong("timeZone")}
        onChange={(next) => set({ timeZone: next ?? "UTC" })}
      />
      <div className={classes.wide}>
        <Preview times={preview.times} none={preview.none} zone={zone} />
      </div>
      <Select
        label="Missed times"
        description="What becomes of times that passed while no process ran"
        data={choices("tessera.operations.v1.CatchUp").filter((one) => one.label !== words("CATCH_UP_UNSPECIFIED"))}
        value={value.catchUp ?? "CATCH_UP_ONCE"}
        onChange={(next) => set({ catchUp: (next ?? undefined) as Schedule["catchUp"] })}
      />
      <Select
        label="Security level"
        data={choices("tessera.operations.v1.SecurityLevel").filter((one) => !one.value.endsWith("UNSPECIFIED"))}
        value={value.securityLevel ?? "SECURITY_LEVEL_INTERNAL"}
        error={wrong("securityLevel")}
        onChange={(next) => set({ securityLevel: (next ?? undefined) as Schedule["securityLevel"] })}
      />
      <TagsInput
        label="Compliance tags"
        maxTags={20}
        value={value.complianceTags ?? []}
        error={wrong("complianceTags")}
        onChange={(complianceTags) => set({ complianceTags })}
      />
      <Textarea
        className={classes.wide}
        label="Input"
        description="What each operation is given: JSON, or nothing"
        autosize
        minRows={4}
        classNames={{ input: "mono" }}
        value={value.input ?? ""}
        error={wrong("input")}
        onChange={(event) => set({ input: event.currentTarget.value })}
      />
    </div>
  );
}
