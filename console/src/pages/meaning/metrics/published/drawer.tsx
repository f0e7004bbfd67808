// One publication: its rows, how they came about when it was published, and taking it back.
import { Button, Drawer, Skeleton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { Time } from "@/kit/badges";
import { formatValue } from "@/kit/chart/value";
import { Confirm } from "@/kit/confirm";
import { Facts, Section } from "@/kit/detail";
import { Explain } from "@/kit/explain/explain";
import { formatDay, words } from "@/kit/format";
import { Actor } from "@/kit/identity/actor";
import { ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { useHomes } from "../explain-tab";
import { type Publication, spanWords } from "./told";

type Row = Message<"tessera.calculation.v1.ResultRow">;

export function Drawn({
  metric,
  of,
  close,
}: {
  metric: Message<"tessera.metadata.v1.Metric">;
  of: Publication;
  close: () => void;
}) {
  const may = useMay();
  const client = useQueryClient();
  const homes = useHomes();
  const [asking, setAsking] = useState(false);
  const query = useCall("CalculationService_GetPublication", { path: { id: of.id ?? "" } });
  const whole: Publication = query.data ?? of;
  const format = whole.format || metric.format;
  const unit = whole.unit || metric.unit;
  const columns: Column<Row>[] = [
    {
      id: "period",
      title: "Period",
      width: "minmax(150px, 1.4fr)",
      cell: (row) => (row.start ? `${formatDay(row.start)} – ${formatDay(row.end ?? "")}` : "All time"),
    },
    ...(whole.question?.dimensions ?? []).map((code, index) => ({
      id: code,
      title: code,
      width: "minmax(90px, 1fr)",
      cell: (row: Row) => row.dimensions?.[index]?.value ?? <span className="dim">none</span>,
    })),
    {
      id: "value",
      title: "Value",
      width: "120px",
      align: "end",
      cell: (row) =>
        row.value?.text === undefined ? (
          <span className="dim">{words(row.value?.missing)}</span>
        ) : row.value.number === undefined ? (
          row.value.text
        ) : (
          formatValue(row.value.number, format, unit)
        ),
    },
  ];
  return (
    <Drawer opened onClose={close} position="right" size={720} title={`${metric.name}, ${spanWords(of)}`}>
      <Facts
        title="Publication"
        rows={[
          ["Published", <Time key="at" value={whole.createTime} exact />],
          ["By", <Actor key="by" of={whole.actor} />],
          ["Rows read", <Time key="read" value={whole.asOfTime} exact />],
          ["Definition", `version ${whole.metricVersion ?? 0}`],
          [
            "Operation",
            whole.operation ? (
              <Link key="operation" to={`/work/operations/${whole.operation}`}>
                the operation that published it
              </Link>
            ) : undefined,
          ],
        ]}
      />
      {query.error ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} title="Its rows are not here just now" />
      ) : null}
      {query.isPending ? <Skeleton height={160} /> : null}
      {query.data ? (
        <>
          <Section title="Values">
            <Table
              label="Published values"
              rows={query.data.rows ?? []}
              columns={columns}
              id={(row) => `${row.start} ${row.dimensions?.map((one) => one.value).join("\u0000")}`}
              name={(row) => `${row.start ?? ""} ${row.value?.text ?? ""}`}
              inline
            />
          </Section>
          {query.data.explanation ? (
            <Section
              title={(query.data.rows ?? []).length > 1 ? "How the first value came about" : "How it came about"}
            >
              <Explain
                explanation={query.data.explanation}
                value={query.data.rows?.[0]?.value}
                format={format}
                unit={unit}
                homes={homes}
              />
            </Section>
          ) : null}
          {may("CalculationService_DeletePublication") ? (
            <Button color="red" variant="outline" mt="lg" onClick={() => setAsking(true)}>
              Take back
            </Button>
          ) : null}
        </>
      ) : null}
      {asking ? (
        <Confirm
          title="Take this publication back?"
          action="Take back"
          danger
          close={() => setAsking(false)}
          run={async () => {
            await call("CalculationService_DeletePublication", { path: { id: of.id ?? "" } });
            toast({ title: "The publication is taken back" });
            close();
            await client.invalidateQueries({ queryKey: ["calculation"] });
          }}
        >
          Its values leave the history of the metric for good, and those who were told are told of that.
        </Confirm>
      ) : null}
    </Drawer>
  );
}
