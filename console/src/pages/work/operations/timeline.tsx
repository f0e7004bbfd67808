// The timeline: where the operation was, for how long, who brought it there and why.

import { Button, Skeleton, Tooltip } from "@mantine/core";
import type { Message } from "@/api/contract";
import { useList } from "@/api/hooks";
import { Badge, StateBadge } from "@/kit/badges";
import { Section } from "@/kit/detail";
import { formatDuration } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { EmptyState, ErrorState } from "@/kit/states";
import { DrawnTimeline } from "./drawing";
import classes from "./operations.module.css";
import type { Operation } from "./progress";
import type { Step } from "./steps";

type Change = Message<"tessera.operations.v1.StateChange">;

const precise = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A time to the second, and in UTC on hover. */
function Moment({ value }: { value: string | undefined }) {
  if (!value) return null;
  return (
    <Tooltip label={`${value.replace(/(\.\d+)?Z$/, "")} UTC`}>
      <time dateTime={value} className="num">
        {precise.format(new Date(value))}
      </time>
    </Tooltip>
  );
}

export function Timeline({ operation }: { operation: Operation }) {
  const id = operation.id ?? "";
  const list = useList("OperationsService_ListStates", "states", { path: { id } } as never, { pageSize: 100 });
  const states = list.rows as Change[];
  // The first pages of what the other tabs list; asked for once for both.
  const steps = useList("OperationsService_ListSteps", "steps", { path: { id } } as never, { pageSize: 100 });
  const points = useList("OperationsService_ListCheckpoints", "checkpoints", { path: { id } } as never, {
    pageSize: 100,
  });
  if (list.error && states.length === 0)
    return <ErrorState error={list.error} retry={() => void list.refetch()} title="Its history is not here just now" />;
  if (list.isPending) return <Skeleton height={160} />;
  if (states.length === 0) return <EmptyState title="No history">Nothing was recorded of it.</EmptyState>;
  return (
    <>
      <DrawnTimeline
        states={states}
        steps={steps.rows as Step[]}
        checkpoints={points.rows as Message<"tessera.operations.v1.Checkpoint">[]}
      />
      <Section title="Transitions">
        <ol className={classes.timeline} aria-label="Transitions">
          {states.map((change) => (
            <li key={change.number} className={classes.change} data-state={change.toState}>
              <div className={classes.changeHead}>
                <StateBadge state={change.toState} />
                {change.automatic ? null : <Badge tone="plain">by hand</Badge>}
                <span className={classes.when}>
                  <Moment value={change.changeTime} />
                </span>
              </div>
              <div className={classes.changeText}>
                {change.reason ? <span>{change.reason}</span> : null}
                <span className="dim">
                  <Actor of={change.actor} />
                  {change.timeInPrevious && change.fromState ? ` · after ${formatDuration(change.timeInPrevious)}` : ""}
                </span>
              </div>
            </li>
          ))}
        </ol>
      </Section>
      {list.hasNextPage ? (
        <Button variant="default" onClick={() => void list.fetchNextPage()} loading={list.isFetchingNextPage}>
          Show more
        </Button>
      ) : null}
    </>
  );
}
