// One schedule: when it begins what, what it began, and who changed it.
import { Button } from "@mantine/core";
import { IconBolt, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call, newRequestId } from "@/api/client";
import { asApiError } from "@/api/errors";
import { keyOf, useCall, useList, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { Badge, StateBadge, Tags, Time } from "@/kit/badges";
import { DeleteButton } from "@/kit/delete";
import { Detail as DetailPage, Facts } from "@/kit/detail";
import { words } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { EmptyState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { useId } from "@/kit/url";
import { Audit } from "../operations/audit";
import { type Operation, OperationProgress } from "../operations/progress";
import { wrongOf } from "./create";
import { ScheduleFields } from "./form";
import { HOME, type Schedule } from "./list";
import classes from "./schedules.module.css";

const columns: Column<Operation>[] = [
  {
    id: "title",
    title: "Operation",
    width: "minmax(160px, 1.4fr)",
    cell: (row) => <Link to={`/work/operations/${row.id}`}>{row.title || row.kind}</Link>,
  },
  { id: "state", title: "State", width: "130px", cell: (row) => <StateBadge state={row.state} /> },
  {
    id: "progress",
    title: "Progress",
    width: "minmax(140px, 1fr)",
    cell: (row) => <OperationProgress operation={row} />,
  },
  { id: "at", title: "Asked for", width: "120px", cell: (row) => <Time value={row.createTime} /> },
];

export function Detail() {
  const [service = "", id = ""] = useId().split("~");
  const input = { path: { service, id } };
  const may = useMay();
  const client = useQueryClient();
  const query = useCall("OperationsService_GetSchedule", input);
  const schedule: Schedule = query.data ?? {};
  const change = async (fields: Partial<Schedule>, paths: string[]) => {
    const now = await call("OperationsService_UpdateSchedule", {
      path: { "schedule.service": service, "schedule.id": id },
      query: { updateMask: paths.join(",") },
      body: { service, id, etag: schedule.etag, ...fields },
    } as never);
    client.setQueryData(keyOf("OperationsService_GetSchedule", input), now as Schedule);
    void client.invalidateQueries({ queryKey: ["operations"] });
  };
  const rest = () =>
    change({ paused: !schedule.paused }, ["paused"]).catch((cause: unknown) =>
      toastError("The schedule was not changed", cause),
    );
  const [starting, setStarting] = useState(false);
  const navigate = useNavigate();
  const run = async () => {
    setStarting(true);
    try {
      const begun = await call("OperationsService_RunSchedule", { ...input, body: { requestId: newRequestId() } });
      await client.invalidateQueries({ queryKey: ["operations"] });
      await navigate({ to: `/work/operations/${begun.id}` });
    } catch (cause) {
      toastError("It was not started", cause);
    } finally {
      setStarting(false);
    }
  };
  return (
    <DetailPage
      query={query}
      title={schedule.name ?? ""}
      above={{ title: "Schedules", to: HOME }}
      purpose={
        <>
          <span className="mono">{schedule.cron}</span> in {schedule.timeZone || "UTC"}
        </>
      }
      beside={schedule.paused ? <Badge tone="warn">Paused</Badge> : <Badge tone="good">Active</Badge>}
      actions={
        <>
          {may("OperationsService_RunSchedule") ? (
            <Button
              variant="default"
              leftSection={<IconBolt size={14} />}
              loading={starting}
              onClick={() => void run()}
            >
              Run now
            </Button>
          ) : null}
          {may("OperationsService_UpdateSchedule") ? (
            <Button
              variant="default"
              leftSection={schedule.paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
              onClick={() => void rest()}
            >
              {schedule.paused ? "Resume" : "Pause"}
            </Button>
          ) : null}
          {may("OperationsService_DeleteSchedule") ? (
            <DeleteButton
              name={schedule.name ?? ""}
              run={() => call("OperationsService_DeleteSchedule", input)}
              home={HOME}
              service="operations"
            >
              It starts nothing any more. The operations that it started stay.
            </DeleteButton>
          ) : null}
        </>
      }
      facts={
        <Facts
          rows={[
            ["Next", schedule.nextTime ? <Time key="next" value={schedule.nextTime} /> : undefined],
            ["Last", schedule.lastTime ? <Time key="last" value={schedule.lastTime} /> : undefined],
            ["Missed", Number(schedule.missed ?? 0) > 0 ? schedule.missed : undefined],
            ["Missed times", words(schedule.catchUp)],
            ["Service", schedule.service],
            [
              "Kind",
              <span key="kind" className="mono">
                {schedule.kind}
              </span>,
            ],
            ["Level", words(schedule.securityLevel)],
            [
              "Compliance",
              schedule.complianceTags?.length ? <Tags key="t" tags={schedule.complianceTags} /> : undefined,
            ],
            ["Created by", schedule.actor ? <Actor key="actor" of={schedule.actor} /> : undefined],
            ["Created", <Time key="made" value={schedule.createTime} />],
          ]}
        />
      }
      tabs={[
        { id: "operations", title: "Operations", content: <Begun id={id} /> },
        ...(may("OperationsService_UpdateSchedule") && schedule.id
          ? [{ id: "edit", title: "Edit", content: <Edit key={schedule.etag} schedule={schedule} change={change} /> }]
          : []),
        { id: "audit", title: "Audit trail", content: <Audit query={{ scheduleId: id }} /> },
      ]}
    />
  );
}

function Begun({ id }: { id: string }) {
  const list = useList("OperationsService_ListOperations", "operations", { query: { scheduleId: id } } as never, {
    pageSize: 50,
  });
  const rows = list.rows as Operation[];
  if (!list.isPending && rows.length === 0)
    return <EmptyState title="Nothing yet">What it starts is listed here.</EmptyState>;
  return (
    <Table
      label="Operations"
      rows={rows}
      columns={columns}
      id={(row) => row.id ?? ""}
      name={(row) => row.title ?? ""}
      to={(row) => `/work/operations/${row.id}`}
      loading={list.isPending}
      hasMore={list.hasNextPage && !list.isFetchingNextPage}
      loadMore={() => void list.fetchNextPage()}
      inline
    />
  );
}

const paths = ["name", "cron", "timeZone", "catchUp", "input", "securityLevel", "complianceTags"];

function Edit({
  schedule,
  change,
}: {
  schedule: Schedule;
  change: (fields: Partial<Schedule>, paths: string[]) => Promise<void>;
}) {
  const [draft, setDraft] = useState(schedule);
  const [error, setError] = useState<unknown>(null);
  const given = error === null ? undefined : asApiError(error);
  const { name, cron, timeZone, catchUp, input, securityLevel, complianceTags } = draft;
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        change({ name, cron, timeZone, catchUp, input, securityLevel, complianceTags }, paths).then(
          () => toast({ title: "The schedule is changed" }),
          setError,
        );
      }}
    >
      <ScheduleFields
        value={draft}
        set={(next) => setDraft({ ...draft, ...next })}
        wrong={(field) => wrongOf(given?.violations ?? [], field)}
        there
      />
      {given && given.violations.length === 0 ? (
        <p role="alert" className={classes.refused}>
          {given.message}. {given.advice}
        </p>
      ) : null}
      <div>
        <Button type="submit">Save</Button>
      </div>
    </form>
  );
}
