// One operation: where it is, live; its states, steps and checkpoints; what it was given and gave; who changed it.
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useCall } from "@/api/hooks";
import { Badge, StateBadge, Tags, Time } from "@/kit/badges";
import { Detail as DetailPage, Facts, Section } from "@/kit/detail";
import { count, words } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { EmptyState } from "@/kit/states";
import { useId } from "@/kit/url";
import { Actions } from "./actions";
import { Audit } from "./audit";
import { Checkpoints } from "./checkpoints";
import { HOME } from "./home";
import { Json } from "./json";
import classes from "./operations.module.css";
import { type Operation, OperationProgress, useLive } from "./progress";
import { Steps } from "./steps";
import { Timeline } from "./timeline";

const lists = ["ListStates", "ListSteps", "ListCheckpoints", "ListAuditEntries"];

export function Detail() {
  const id = useId();
  const client = useQueryClient();
  const query = useCall("OperationsService_GetOperation", { path: { id } });
  const operation: Operation = query.data ?? {};
  useLive(id, query.data);
  // The history is asked for again when there is more of it.
  const mark = `${operation.state} ${operation.steps} ${operation.stale}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the mark is what makes the lists old
  useEffect(() => {
    for (const list of lists) void client.invalidateQueries({ queryKey: ["operations", `OperationsService_${list}`] });
  }, [mark, client]);
  return (
    <DetailPage
      query={query}
      title={operation.title || operation.kind || ""}
      above={{ title: "Operations", to: HOME }}
      purpose={operation.progress?.message}
      beside={
        <>
          <StateBadge state={operation.state} />
          {operation.securityLevel && operation.securityLevel !== "SECURITY_LEVEL_INTERNAL" ? (
            <Badge tone="warn">{words(operation.securityLevel)}</Badge>
          ) : null}
        </>
      }
      actions={operation.id ? <Actions operation={operation} /> : null}
      facts={<OperationFacts operation={operation} />}
      tabs={[
        {
          id: "timeline",
          title: "Timeline",
          content: (
            <>
              <Notices operation={operation} />
              <Timeline operation={operation} />
            </>
          ),
        },
        {
          id: "steps",
          title: "Steps",
          count: Number(operation.steps ?? 0),
          content: <Steps operation={operation} />,
        },
        { id: "checkpoints", title: "Checkpoints", content: <Checkpoints operation={operation} /> },
        {
          id: "data",
          title: "Input and result",
          content:
            operation.input || operation.response ? (
              <>
                <Json title="Input" text={operation.input} />
                <Json title="Result" text={operation.response} />
              </>
            ) : (
              <EmptyState title="Nothing here">It was given nothing, and has given nothing yet.</EmptyState>
            ),
        },
        { id: "audit", title: "Audit trail", content: <Audit query={{ operationId: id }} /> },
      ]}
    />
  );
}

function Notice({ tone, title, children }: { tone: "bad" | "warn"; title: string; children: ReactNode }) {
  return (
    <section className={classes.notice} data-tone={tone} aria-label={title}>
      <h2 className={classes.noticeTitle}>{title}</h2>
      <p>{children}</p>
    </section>
  );
}

function Notices({ operation }: { operation: Operation }) {
  const back = operation.rollback;
  return (
    <>
      {operation.stale ? (
        <Notice tone="warn" title={`The service ${operation.service} cannot be reached`}>
          This is what was heard of the operation last. Until its service is back it cannot be changed, and its history
          cannot be read.
        </Notice>
      ) : null}
      {operation.error ? (
        <Notice tone="bad" title={operation.error.reason ?? "Failed"}>
          {operation.error.message}
        </Notice>
      ) : null}
      {back ? (
        <Section title="Rolled back">
          <p>
            {count(Number(back.undone ?? 0), "step")} undone
            {back.checkpointId ? ", back to a checkpoint" : ", back to the beginning"}.
          </p>
          {Number(back.notUndoneCount ?? 0) > 0 ? (
            <>
              <p>{count(Number(back.notUndoneCount), "step")} could not be undone:</p>
              <ul>
                {(back.notUndone ?? []).map((step) => (
                  <li key={step.seq}>
                    <strong>
                      {step.seq} {step.name}
                    </strong>
                    : {step.reason}
                  </li>
                ))}
              </ul>
            </>
          ) : null}
        </Section>
      ) : null}
    </>
  );
}

/** Whether it waits for a worker only because its time has not come. */
function begins(operation: Operation): boolean {
  if (operation.state !== "OPERATION_STATE_QUEUED" || operation.startTime || !operation.dueTime) return false;
  return Date.parse(operation.dueTime) > Date.now();
}

function OperationFacts({ operation }: { operation: Operation }) {
  const { wait } = operation;
  return (
    <Facts
      rows={[
        ["Progress", <OperationProgress key="progress" operation={operation} />],
        ["Waits for", wait ? `${words(wait.kind)} ${wait.name ?? ""}` : undefined],
        ["Begins", begins(operation) ? <Time key="due" value={operation.dueTime} /> : undefined],
        ["Until", wait?.until ? <Time key="until" value={wait.until} /> : undefined],
        ["Service", operation.service],
        [
          "Kind",
          <span key="kind" className="mono">
            {operation.kind}
          </span>,
        ],
        ["Started by", operation.actor ? <Actor key="actor" of={operation.actor} /> : undefined],
        ["Asked for", <Time key="create" value={operation.createTime} />],
        ["Began", operation.startTime ? <Time key="start" value={operation.startTime} /> : undefined],
        ["Ended", operation.endTime ? <Time key="end" value={operation.endTime} /> : undefined],
        ["Tries", Number(operation.attempts ?? 0) > 1 ? operation.attempts : undefined],
        ["Level", words(operation.securityLevel)],
        [
          "Compliance",
          operation.complianceTags?.length ? <Tags key="tags" tags={operation.complianceTags} /> : undefined,
        ],
        [
          "Part of",
          operation.parentId ? (
            <Link key="parent" to={`${HOME}/${operation.parentId}`}>
              another operation
            </Link>
          ) : undefined,
        ],
        [
          "Children",
          operation.id ? (
            <Link key="children" to={HOME} search={{ parent: operation.id } as never}>
              operations it started
            </Link>
          ) : undefined,
        ],
        [
          "Schedule",
          operation.scheduleId ? (
            <Link key="schedule" to={`/work/schedules/${operation.service}~${operation.scheduleId}`}>
              its schedule
            </Link>
          ) : undefined,
        ],
        [
          "Id",
          <span key="id" className="mono">
            {operation.id}
          </span>,
        ],
      ]}
    />
  );
}
