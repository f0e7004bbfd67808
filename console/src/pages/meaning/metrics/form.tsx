// The form of a metric: which fields there are depends on how it is calculated.
import { useMemo, useState } from "react";
import type { Message } from "@/api/contract";
import { Section } from "@/kit/detail";
import type { Draft } from "@/kit/form/draft";
import { type FieldProps, Form } from "@/kit/form/form";
import { rowsField } from "@/kit/form/rows";
import type { Checked } from "@/kit/formula/checked";
import { FormulaField } from "@/kit/formula/field";
import {
  conversionField,
  cumulativeField,
  dimensionsField,
  entitiesField,
  metricsField,
  ratioField,
  setField,
} from "@/kit/meaning/code-fields";
import { moduleField } from "@/kit/meaning/module-field";
import { TRIAL, Trial } from "./trial";

export const METRIC = "tessera.metadata.v1.Metric";
const head = ["name", "code", "description", "module"];
const rest = [
  "unit",
  "format",
  "direction",
  "additivity",
  "grain",
  "dimensions",
  "thresholds",
  "benchmarks",
  "owner",
  "tags",
  "state",
];
const byType: Record<string, string[]> = {
  METRIC_TYPE_SIMPLE: ["formula", "entities"],
  METRIC_TYPE_DERIVED: ["formula", "metrics", "entities"],
  METRIC_TYPE_RATIO: ["ratio"],
  METRIC_TYPE_CUMULATIVE: ["cumulative"],
  METRIC_TYPE_CONVERSION: ["conversion"],
  METRIC_TYPE_SET_BASED: ["set", "formula", "entities"],
};
const every = [...head, "type", ...new Set(Object.values(byType).flat()), ...rest];
export const allFields = every;
const labels = {
  module: "Value chain and module",
  type: "How it is calculated",
  set: "The set that is compared",
  direction: "Which way is better",
  additivity: "Whether parts may be summed",
  grain: "Finest period",
};

const calculation: Record<string, (props: FieldProps) => React.ReactNode> = {
  entities: entitiesField,
  metrics: metricsField,
  ratio: ratioField,
  cumulative: cumulativeField,
  conversion: conversionField,
  set: setField,
};
const other: Record<string, (props: FieldProps) => React.ReactNode> = {
  module: moduleField,
  dimensions: dimensionsField,
  thresholds: rowsField(["level", "comparison", "value"], "Add a threshold", "130px 160px minmax(90px, 1fr)"),
  benchmarks: rowsField(
    ["name", "value", "source", "asOf"],
    "Add a benchmark",
    "minmax(120px, 1.4fr) 90px minmax(120px, 1fr) 110px",
  ),
};

/** What goes with another type is not sent. */
export function ofType(value: Record<string, unknown>): Record<string, unknown> {
  const own = byType[value.type as string] ?? [];
  const others = new Set(
    Object.values(byType)
      .flat()
      .filter((field) => !own.includes(field)),
  );
  return Object.fromEntries(Object.entries(value).filter(([field]) => !others.has(field)));
}

export function MetricForm({ draft, fixed = [] }: { draft: Draft; fixed?: string[] }) {
  const metric = draft.value as Message<"tessera.metadata.v1.Metric">;
  const own = byType[metric.type ?? ""] ?? [];
  const needs = useMemo(
    () => ({
      entity: metric.type === "METRIC_TYPE_SIMPLE" && metric.entities?.length === 1 ? metric.entities[0] : undefined,
      set:
        metric.set?.member?.entity && metric.set.member.attribute
          ? { entity: metric.set.member.entity, member: metric.set.member.attribute, filter: metric.set.filter }
          : undefined,
      metric: metric.code,
    }),
    [metric.type, metric.entities, metric.set, metric.code],
  );
  // The formula that was last found right: it is tried out until another one is.
  const [right, setRight] = useState("");
  // What the formula reads is known from the formula.
  const onChecked = (checked: Checked) => {
    setRight(metric.formula ?? "");
    const next = { ...draft.value };
    if (own.includes("entities") && metric.type !== "METRIC_TYPE_DERIVED") next.entities = checked.entities ?? [];
    if (own.includes("metrics"))
      next.metrics = (checked.metrics ?? []).filter((code) => (metric.formula ?? "").includes(code));
    if (JSON.stringify(next) !== JSON.stringify(draft.value)) draft.set(next);
  };
  const formula = (props: FieldProps) => (
    <>
      <FormulaField {...props} required draft={needs} onChecked={onChecked} />
      {right !== "" ? (
        <div style={{ marginTop: 12, minHeight: TRIAL }}>
          {right === metric.formula ? (
            <Trial draft={{ ...needs, formula: right }} format={metric.format} unit={metric.unit} />
          ) : null}
        </div>
      ) : null}
    </>
  );
  const common = { of: METRIC, value: draft.value, set: draft.set, violations: draft.violations, labels, fixed };
  return (
    <>
      <Form {...common} fields={head} widgets={other} />
      <div style={{ height: 26 }} />
      <Section title="Calculation">
        <Form {...common} fields={["type", ...own]} widgets={{ ...calculation, formula }} />
      </Section>
      <Section title="Presentation and meaning">
        <Form {...common} fields={rest} widgets={other} />
      </Section>
    </>
  );
}
