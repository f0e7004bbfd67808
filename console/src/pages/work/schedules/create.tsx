// A new schedule; a page that leads here may say in the address what it is of.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { call, newRequestId } from "@/api/client";
import { asApiError } from "@/api/errors";
import { Page } from "@/kit/page";
import { useUrl } from "@/kit/url";
import { ScheduleFields } from "./form";
import { addressOf, HOME, type Schedule } from "./list";
import classes from "./schedules.module.css";

export function Create() {
  const [{ name, service, kind, cron = "0 3 * * *", input }] = useUrl();
  const [draft, setDraft] = useState<Schedule>({ name, service, kind, cron, input, timeZone: "UTC" });
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const request = useRef(newRequestId());
  const navigate = useNavigate();
  const client = useQueryClient();
  const given = error === null ? undefined : asApiError(error);
  const save = async () => {
    setBusy(true);
    try {
      const made = await call("OperationsService_CreateSchedule", {
        body: { schedule: draft, requestId: request.current },
      });
      await client.invalidateQueries({ queryKey: ["operations"] });
      await navigate({ to: addressOf(made) });
    } catch (cause) {
      setError(cause);
      // The same id with another body is refused.
      request.current = newRequestId();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page title="New schedule" above={{ title: "Schedules", to: HOME }}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <ScheduleFields
          value={draft}
          set={(change) => setDraft({ ...draft, ...change })}
          wrong={(field) => wrongOf(given?.violations ?? [], field)}
        />
        {given && given.violations.length === 0 ? (
          <p role="alert" className={classes.refused}>
            {given.message}. {given.advice}
          </p>
        ) : null}
        <div>
          <Button type="submit" loading={busy} disabled={!draft.name || !draft.kind || !draft.cron}>
            Create the schedule
          </Button>
        </div>
      </form>
    </Page>
  );
}

/** What is wrong with a field of a schedule; paths are the contract's. */
export function wrongOf(violations: { field: string; description: string }[], field: string): string | undefined {
  const snake = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const found = violations.filter((one) => one.field.split(".").pop()?.split("[")[0] === snake);
  return found.map((one) => one.description).join("; ") || undefined;
}
