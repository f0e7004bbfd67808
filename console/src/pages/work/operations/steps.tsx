// The steps of an operation: each with its bar in the time it took, and what it was given and gave.
import { Drawer } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Message } from "@/api/contract";
import { useList } from "@/api/hooks";
import { Badge, StateBadge, Time, type Tone } from "@/kit/badges";
import { Facts } from "@/kit/detail";
import { count, formatDuration, formatNumber, words } from "@/kit/format";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { Json } from "./json";
import classes from "./operations.module.css";
import type { Operation } from "./progress";

export type Step = Message<"tessera.operations.v1.StepResult">;

/** Milliseconds that a step took, until now where it is not done. */
export function took(step: Step, now = Date.now()): number {
  if (!step.startTime) return 0;
  return Math.max(0, (step.endTime ? Date.parse(step.endTime) : now) - Date.parse(step.startTime));
}

/** The same in words. */
export function tookWords(step: Step, now = Date.now()): string {
  const time = took(step, now);
  return time === 0 ? "< 1 ms" : formatDuration(`${time / 1000}s`);
}

/** The span of steps, for their bars. */
export function spanOf(steps: Step[], now = Date.now()): { from: number; to: number } {
  const starts = steps.flatMap((step) => (step.startTime ? [Date.parse(step.startTime)] : []));
  const ends = steps.flatMap((step) => (step.startTime ? [Date.parse(step.startTime) + took(step, now)] : []));
  const from = Math.min(...starts);
  return starts.length === 0 ? { from: now, to: now } : { from, to: Math.max(from + 1, ...ends) };
}

const tones: Record<string, Tone> = {
  STEP_STATE_RUNNING: "info",
  STEP_STATE_DONE: "good",
  STEP_STATE_FAILED: "bad",
  STEP_STATE_UNDONE: "warn",
};

function Bar({ step, span }: { step: Step; span: { from: number; to: number } }) {
  if (!step.startTime) return <span className="dim">–</span>;
  const whole = span.to - span.from;
  const left = ((Date.parse(step.startTime) - span.from) / whole) * 100;
  const width = Math.max(0.6, (took(step) / whole) * 100);
  return (
    <span className={classes.track} data-wide aria-hidden>
      <span
        className={classes.bar}
        data-tone={tones[step.state ?? ""] ?? "plain"}
        style={{ left: `${Math.min(99.4, left)}%`, width: `${Math.min(width, 100 - Math.min(99.4, left))}%` }}
      />
    </span>
  );
}

export function Steps({ operation }: { operation: Operation }) {
  const id = operation.id ?? "";
  const list = useList("OperationsService_ListSteps", "steps", { path: { id } } as never, { pageSize: 100 });
  const steps = list.rows as Step[];
  const [open, setOpen] = useState<Step>();
  const span = useMemo(() => spanOf(steps), [steps]);
  const columns: Column<Step>[] = [
    { id: "seq", title: "Step", width: "64px", align: "end", cell: (row) => <span className="num">{row.seq}</span> },
    { id: "name", title: "Name", width: "minmax(150px, 1.4fr)", cell: (row) => row.name, text: (row) => row.name },
    {
      id: "state",
      title: "State",
      width: "110px",
      cell: (row) => (
        <Badge tone={tones[row.state ?? ""] ?? "plain"} dot>
          {words(row.state)}
        </Badge>
      ),
    },
    {
      id: "tries",
      title: "Tries",
      width: "70px",
      align: "end",
      cell: (row) => (Number(row.attempts ?? 0) > 1 ? `${row.attempts} / ${row.maxAttempts}` : (row.attempts ?? "–")),
    },
    {
      id: "took",
      title: "Took",
      width: "100px",
      align: "end",
      cell: (row) => (row.startTime ? tookWords(row) : "–"),
    },
    { id: "bar", title: "When", width: "minmax(140px, 2fr)", cell: (row) => <Bar step={row} span={span} /> },
  ];
  if (list.error && steps.length === 0)
    return <ErrorState error={list.error} retry={() => void list.refetch()} title="Its steps are not here just now" />;
  if (!list.isPending && steps.length === 0)
    return <EmptyState title="No steps yet">Each step is recorded when it begins, with what it is given.</EmptyState>;
  const first = Number(operation.firstStep ?? 1);
  return (
    <>
      {first > 1 ? (
        <p className="dim">
          {count(first - 1, "earlier step")} were dropped from the history: a checkpoint stands for them.
        </p>
      ) : null}
      <Table
        label="Steps"
        rows={steps}
        columns={columns}
        id={(row) => String(row.seq)}
        name={(row) => `${row.seq} ${row.name}`}
        onRow={setOpen}
        loading={list.isPending}
        hasMore={list.hasNextPage && !list.isFetchingNextPage}
        loadMore={() => void list.fetchNextPage()}
        inline
      />
      <Drawer
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        position="right"
        size={480}
        title={open ? `Step ${open.seq}: ${open.name}` : ""}
      >
        {open ? <StepFacts step={open} /> : null}
      </Drawer>
    </>
  );
}

function StepFacts({ step }: { step: Step }) {
  return (
    <div className={classes.drawer}>
      <Facts
        rows={[
          ["State", <StateBadge key="state" state={step.state} />],
          ["Sort", words(step.kind)],
          ["Tries", `${step.attempts ?? 0} of ${step.maxAttempts ?? 0}`],
          ["Began", <Time key="start" value={step.startTime} exact />],
          ["Ended", step.endTime ? <Time key="end" value={step.endTime} exact /> : undefined],
          ["Last error", step.error ? `${step.error.message} (${step.error.reason})` : undefined],
          ["Quality", step.quality === undefined ? undefined : formatNumber(step.quality)],
          ["Confidence", step.confidence === undefined ? undefined : formatNumber(step.confidence)],
          ["Undone by", step.compensation?.name],
          ["Undoing", step.compensation ? words(step.compensation.state) : undefined],
          ["Why it stayed", step.compensation?.error?.message],
        ]}
      />
      <Json title="Given" text={step.input} />
      <Json title="Gave" text={step.output} />
    </div>
  );
}
