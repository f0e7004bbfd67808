// Rolling back: before the last click it says which steps are undone by what, and what stays.
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { all, call } from "@/api/client";
import { Badge } from "@/kit/badges";
import { Confirm } from "@/kit/confirm";
import { count } from "@/kit/format";
import classes from "./operations.module.css";
import { type Operation, useTaken } from "./progress";
import type { Step } from "./steps";

/** More steps than these nobody reads before a click. */
const MOST = 2000;

export interface Consequence {
  seq: string;
  name: string;
  /** What undoes it; without it the step stays. */
  undoneBy?: string;
  why?: string;
}

/**
 * What rolling back behind the step `to` comes to, the latest first. Waits have no effect and are left out, those for an operation
 * that was started here too: that one is undone with the step that started it.
 */
export function consequences(steps: Step[], to: number): Consequence[] {
  return steps
    .filter((step) => Number(step.seq ?? 0) > to && !step.rolledBack)
    .filter((step) => step.kind !== "STEP_KIND_TIMER" && step.kind !== "STEP_KIND_SIGNAL")
    .filter((step) => !(step.kind === "STEP_KIND_LOCAL" && step.state !== "STEP_STATE_DONE"))
    .filter((step) => !(step.kind === "STEP_KIND_CHILD" && !step.compensation))
    .map((step) => {
      const about = { seq: String(step.seq ?? 0), name: step.name ?? "" };
      if (step.compensation?.state === "COMPENSATION_STATE_READY")
        return { ...about, undoneBy: step.compensation.name || "its compensation" };
      return { ...about, why: "no compensation" };
    })
    .reverse();
}

interface Props {
  operation: Operation;
  to?: { id?: string; name?: string; seq?: string };
  close: () => void;
}

export function RollBack({ operation, to, close }: Props) {
  const id = operation.id ?? "";
  const taken = useTaken(id);
  const behind = Number(to?.seq ?? 0);
  const steps = useQuery({
    queryKey: ["operations", "OperationsService_ListSteps", { path: { id } }, "all"],
    queryFn: ({ signal }) =>
      all("OperationsService_ListSteps", "steps", { path: { id } } as never, MOST, signal) as Promise<Step[]>,
  });
  const found = consequences(steps.data ?? [], behind);
  const undone = found.filter((one) => one.undoneBy);
  const more = Number(operation.steps ?? 0) - (steps.data?.length ?? 0) - Number(operation.firstStep ?? 1) + 1;
  const where = to ? `to ${to.name || `the checkpoint after step ${behind}`}` : "to the beginning";
  return (
    <Confirm
      title={`Roll ${operation.title || operation.kind} back ${where}?`}
      action="Roll it back"
      danger
      close={close}
      run={() =>
        call("OperationsService_RollBackOperation", { path: { id }, body: { checkpointId: to?.id } }).then(taken)
      }
    >
      <p style={{ marginTop: 0 }}>
        {operation.done ? "" : "It stops first. "}
        Compensations run one by one, the latest step first. A step without one is left as it is, and is named
        afterwards. Operations that it started stop at once, and are rolled back in their turn.
      </p>
      {steps.isPending ? (
        <Skeleton height={60} />
      ) : steps.error ? (
        <p className="dim">Its steps could not be read just now, so they are not listed here.</p>
      ) : found.length === 0 ? (
        <p className="dim">No step after it has had an effect.</p>
      ) : (
        <>
          <div>
            {count(undone.length, "step is", "steps are")} undone
            {found.length > undone.length
              ? `, ${count(found.length - undone.length, "step stays", "steps stay")} unless it only read.`
              : "."}
          </div>
          <ul className={classes.consequences} tabIndex={0} aria-label="What follows, step by step">
            {found.map((one) => (
              <li key={one.seq}>
                <span className="num dim">{one.seq}</span>
                <span className={classes.what}>
                  {one.name}
                  <span className="dim">{one.undoneBy ? ` · ${one.undoneBy}` : ` · ${one.why}`}</span>
                </span>
                <Badge tone={one.undoneBy ? "good" : "warn"}>{one.undoneBy ? "undone" : "stays"}</Badge>
              </li>
            ))}
          </ul>
          {more > 0 ? <p className="dim">And {count(more, "later step")}.</p> : null}
        </>
      )}
    </Confirm>
  );
}
