// The list of runs.
import { Link } from "@tanstack/react-router";
import { useCall } from "@/api/hooks";
import { StateBadge, Time } from "@/kit/badges";
import { choices, words } from "@/kit/format";
import { List as ListPage } from "@/kit/table/list";
import type { Column } from "@/kit/table/table";
import { type Run, RunProgress } from "./progress";

const HOME = "/numbers/simulation";

export function List() {
  const scenarios = useCall("SimulationService_ListScenarios", { query: { pageSize: 100 } }).data?.scenarios ?? [];
  const title = (code: string | undefined) => scenarios.find((one) => one.code === code)?.name ?? code ?? "";
  const columns: Column<Run>[] = [
    {
      id: "scenario",
      title: "Scenario",
      width: "minmax(180px, 1.4fr)",
      cell: (row) => (
        <Link to={`${HOME}/${row.id}`} tabIndex={-1} style={{ textDecoration: "none", fontWeight: 500 }}>
          {title(row.scenario)}
        </Link>
      ),
      text: (row) => row.scenario,
    },
    {
      id: "state",
      title: "State",
      width: "120px",
      cell: (row) => <StateBadge state={row.state} />,
      text: (row) => words(row.state),
    },
    {
      id: "progress",
      title: "Rows",
      width: "minmax(190px, 1.2fr)",
      cell: (row) => <RunProgress run={row} />,
      text: (row) => row.rowsWritten,
    },
    {
      id: "span",
      title: "Span",
      width: "190px",
      cell: (row) => `${row.startDate} to ${row.endDate}`,
      text: (row) => `${row.startDate} to ${row.endDate}`,
    },
    {
      id: "seed",
      title: "Seed",
      width: "110px",
      optional: true,
      cell: (row) => <span className="mono">{row.seed}</span>,
      text: (row) => row.seed,
    },
    {
      id: "actor",
      title: "Started by",
      width: "minmax(130px, 1fr)",
      optional: true,
      cell: (row) => row.actor,
      text: (row) => row.actor,
    },
    {
      id: "created",
      title: "Started",
      width: "120px",
      cell: (row) => <Time value={row.createTime} />,
      text: (row) => row.createTime,
    },
  ];
  return (
    <ListPage
      title="Simulation"
      purpose="Generated rows of worlds whose truth is known, to try metrics in before real data is there."
      op="SimulationService_ListRuns"
      items="runs"
      noun={["run", "runs"]}
      columns={columns}
      name={(row) => title(row.scenario)}
      to={(row) => `${HOME}/${row.id}`}
      filters={[
        {
          name: "scenario",
          title: "Scenario",
          choices: scenarios.map((one) => ({ value: one.code ?? "", label: one.name ?? "" })),
        },
        { name: "state", title: "State", choices: choices("tessera.simulation.v1.RunState") },
      ]}
      query={(url) => ({ scenario: url.scenario, state: url.state }) as never}
      create={{ title: "New run", to: `${HOME}/new`, needs: "SimulationService_CreateRun" }}
      teach="A run writes the rows of a scenario, such as a health insurer that keeps nine of ten policies. Its metrics can then be compared with what is true by construction."
    />
  );
}
