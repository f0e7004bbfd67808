// One run: how far it is, live; what is true in its world beside what the metrics say.
import { Button } from "@mantine/core";
import { IconArrowBackUp, IconPlayerStop } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { call } from "@/api/client";
import { follow } from "@/api/follow";
import { keyOf, useCall, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { StateBadge, Time } from "@/kit/badges";
import { Confirm } from "@/kit/confirm";
import { Detail as DetailPage, Facts } from "@/kit/detail";
import { words } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { type Column, Table } from "@/kit/table/table";
import { useId } from "@/kit/url";
import { hasEnded, type Run, RunProgress } from "./progress";
import { Truths } from "./truths";

/** Follows a run until it ends, into the cache that the page reads. */
function useLive(id: string, run: Run | undefined) {
  const client = useQueryClient();
  const open = run !== undefined && !hasEnded(run);
  useEffect(() => {
    if (!open) return;
    const input = { path: { id } };
    const take = (now: Run) => client.setQueryData(keyOf("SimulationService_GetRun", input), now);
    return follow("SimulationService_WatchRun", () => input, { take });
  }, [id, open, client]);
}

const columns: Column<[string, string]>[] = [
  {
    id: "name",
    title: "Parameter",
    width: "minmax(160px, 1fr)",
    cell: ([name]) => <span className="mono">{name}</span>,
  },
  { id: "value", title: "Value", width: "minmax(160px, 2fr)", cell: ([, value]) => value },
];

export function Detail() {
  const id = useId();
  const may = useMay();
  const client = useQueryClient();
  const query = useCall("SimulationService_GetRun", { path: { id } });
  const run: Run = query.data ?? {};
  const scenario = useCall(
    "SimulationService_GetScenario",
    { path: { code: run.scenario ?? "" } },
    { enabled: Boolean(run.scenario) },
  ).data;
  const [asking, setAsking] = useState(false);
  useLive(id, query.data);
  const name = scenario?.name ?? run.scenario ?? "";
  const ended = hasEnded(run);
  const cancel = () =>
    call("SimulationService_CancelRun", { path: { id }, body: {} }).then(
      (now) => client.setQueryData(keyOf("SimulationService_GetRun", { path: { id } }), now),
      (cause: unknown) => toastError("The run goes on", cause),
    );
  return (
    <>
      <DetailPage
        query={query}
        title={name}
        above={{ title: "Simulation", to: "/numbers/simulation" }}
        purpose={scenario?.description}
        beside={<StateBadge state={run.state} />}
        actions={
          <>
            {!ended && may("SimulationService_CancelRun") ? (
              <Button variant="default" leftSection={<IconPlayerStop size={14} />} onClick={() => void cancel()}>
                Cancel
              </Button>
            ) : null}
            {ended && run.state !== "RUN_STATE_REVERTED" && may("SimulationService_RevertRun") ? (
              <Button variant="default" leftSection={<IconArrowBackUp size={14} />} onClick={() => setAsking(true)}>
                Take its rows away
              </Button>
            ) : null}
          </>
        }
        facts={
          <Facts
            rows={[
              ["Rows", <RunProgress key="rows" run={run} />],
              ["Now", run.message],
              ["Error", run.error],
              ["Span", `${run.startDate} to ${run.endDate}`],
              ["Step", words(run.step)],
              [
                "Seed",
                <span key="seed" className="mono">
                  {run.seed}
                </span>,
              ],
              [
                "Operation",
                run.operation && may("OperationsService_GetOperation") ? (
                  <Link key="o" to={`/work/operations/${run.operation}`} className="link">
                    Its steps and history
                  </Link>
                ) : undefined,
              ],
              ["Started", <Time key="start" value={run.createTime} />],
              ["Ended", run.endTime ? <Time key="end" value={run.endTime} /> : undefined],
              ["Started by", run.actor ? <Actor key="actor" of={run.actor} /> : undefined],
            ]}
          />
        }
        tabs={[
          {
            id: "truth",
            title: "Truth and result",
            content: <Truths run={run} metrics={run.metrics?.length ? run.metrics : (scenario?.metrics ?? [])} />,
          },
          {
            id: "parameters",
            title: "Parameters",
            content: (
              <Table
                label="Parameters"
                rows={Object.entries(run.parameters ?? {}) as [string, string][]}
                columns={columns}
                id={([one]) => one}
                name={([one]) => one}
                inline
              />
            ),
          },
        ]}
      />
      {asking ? (
        <Confirm
          title={`Take away the rows of this run of ${name}?`}
          action="Take the rows away"
          danger
          close={() => setAsking(false)}
          run={async () => {
            await call("SimulationService_RevertRun", { path: { id }, body: {} });
            toast({ title: "The rows of the run are gone" });
            await client.invalidateQueries();
          }}
        >
          Rows that somebody changed since stay. Metrics over them change at once. The same scenario, seed and
          parameters make the same rows again.
        </Confirm>
      ) : null}
    </>
  );
}
