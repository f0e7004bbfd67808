// The formula as written, and as a structure.
import { Skeleton } from "@mantine/core";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { Facts, Section } from "@/kit/detail";
import { words } from "@/kit/format";
import { Formula } from "@/kit/formula/field";
import { FormulaTree } from "@/kit/formula/tree";
import { ErrorState } from "@/kit/states";
import { useHomes } from "./explain-tab";

type Metric = Message<"tessera.metadata.v1.Metric">;

/** What stands for the formula of a metric that is told by its parts. */
export function formulaOf(metric: Metric): string {
  if (metric.formula) return metric.formula;
  if (metric.ratio) return `${metric.ratio.numerator} / ${metric.ratio.denominator}`;
  return "";
}

type Node = Message<"tessera.calculation.v1.FormulaNode">;

/** The structure of a metric that is told by its parts and has no formula. */
function partsOf(metric: Metric): Node | undefined {
  const of = (code: string | undefined): Node => ({ label: code, kind: "metric" });
  if (metric.cumulative) {
    const { metric: summed, window, grain } = metric.cumulative;
    const span = words(grain).toLowerCase();
    const label = window ? `sum of the last ${window} (${span})` : `sum since the ${span} began`;
    return { label, kind: "function", operands: [of(summed)] };
  }
  if (metric.conversion) {
    const label = "share of the first that the second follows";
    return { label, kind: "function", operands: [of(metric.conversion.base), of(metric.conversion.conversion)] };
  }
  return undefined;
}

export function FormulaTab({ metric }: { metric: Metric }) {
  const may = useMay();
  const homes = useHomes();
  const text = formulaOf(metric);
  const parts = partsOf(metric);
  const member = metric.set?.member;
  const check = useCall(
    "CalculationService_CheckFormula",
    {
      body: {
        draft: {
          formula: text,
          entity:
            metric.type === "METRIC_TYPE_SIMPLE" && metric.entities?.length === 1 ? metric.entities[0] : undefined,
          set: member?.entity
            ? { entity: member.entity, member: member.attribute ?? "", filter: metric.set?.filter }
            : undefined,
        },
      },
    },
    { enabled: text !== "" && may("CalculationService_CheckFormula"), staleTime: 60_000 },
  );
  return (
    <>
      {text ? (
        <Section title="As written">
          <Formula text={text} />
        </Section>
      ) : null}
      {metric.cumulative ? (
        <Facts
          rows={[
            ["Sums", metric.cumulative.metric],
            [
              "Window",
              metric.cumulative.window
                ? `${metric.cumulative.window} ${words(metric.cumulative.grain).toLowerCase()}`
                : `starts anew each ${words(metric.cumulative.grain).toLowerCase()}`,
            ],
          ]}
        />
      ) : null}
      {metric.conversion ? (
        <Facts
          rows={[
            ["Base", metric.conversion.base],
            ["Conversion", metric.conversion.conversion],
            ["Joined by", `${metric.conversion.subject?.entity}.${metric.conversion.subject?.attribute}`],
            ["Within", metric.conversion.within],
          ]}
        />
      ) : null}
      {metric.set ? (
        <Facts
          title="The set"
          rows={[
            ["Member", `${member?.entity}.${member?.attribute}`],
            ["Where", metric.set.filter],
          ]}
        />
      ) : null}
      <div style={{ height: 20 }} />
      {parts ? (
        <Section title="As a structure">
          <FormulaTree root={parts} label={`The structure of ${metric.name}`} homes={homes} height={260} />
        </Section>
      ) : null}
      {text === "" || !may("CalculationService_CheckFormula") ? null : check.error ? (
        <ErrorState error={check.error} retry={() => void check.refetch()} />
      ) : check.isPending ? (
        <Skeleton height={240} />
      ) : (
        <Section title="As a structure">
          {check.data.tree ? (
            <FormulaTree root={check.data.tree} label={`The structure of ${metric.name}`} homes={homes} />
          ) : null}
          {(check.data.problems ?? []).map((one) => (
            <p key={one.description} style={{ color: "var(--bad)" }}>
              Line {one.line}, column {one.column}: {one.description} {one.hint}
            </p>
          ))}
          <div style={{ height: 14 }} />
          <Facts
            rows={[
              ["Type", check.data.type],
              ["Unit", check.data.unit],
              ["Handled as", check.data.kind],
              [
                "Canonical",
                <span key="c" className="mono">
                  {check.data.canonical}
                </span>,
              ],
            ]}
          />
        </Section>
      )}
    </>
  );
}
