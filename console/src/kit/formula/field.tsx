// A formula as a field of a form: checked as one writes, where the caller may ask for it.
import { Skeleton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { lazy, Suspense, useEffect, useMemo } from "react";
import type { Message, Output } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import type { FieldProps } from "../form/form";
import classes from "./formula.module.css";
import { type Problem, problemsOf, useVocabulary } from "./vocabulary";

const Editor = lazy(() => import("./editor"));

export type Checked = Output<"CalculationService_CheckFormula">;

interface Props extends FieldProps {
  /** What the formula needs besides itself. */
  draft?: Omit<Message<"tessera.calculation.v1.Draft">, "formula">;
  onChecked?: (checked: Checked) => void;
}

export function FormulaField({
  label,
  help,
  value,
  set,
  error,
  violations,
  required,
  disabled,
  draft,
  onChecked,
}: Props) {
  const text = (value as string | undefined) ?? "";
  const may = useMay();
  const vocabulary = useVocabulary();
  const [asked] = useDebouncedValue(text, 300);
  const check = useCall(
    "CalculationService_CheckFormula",
    { body: { draft: { ...draft, formula: asked } } },
    { enabled: asked.trim() !== "" && may("CalculationService_CheckFormula"), keep: true, staleTime: 60_000 },
  );
  const problems = useMemo<Problem[]>(() => {
    const found = problemsOf(violations);
    if (found.length > 0 || asked !== text) return found;
    return (check.data?.problems ?? []).map((one) => ({
      line: one.line ?? 1,
      column: one.column ?? 1,
      length: (one.end ?? 0) - (one.start ?? 0) || undefined,
      message: [one.description, one.hint].filter(Boolean).join(". "),
    }));
  }, [violations, check.data, asked, text]);

  const checked = check.data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer is what is told of
  useEffect(() => {
    if (checked && asked === text && !check.isPlaceholderData && (checked.problems ?? []).length === 0)
      onChecked?.(checked);
  }, [checked, asked]);

  const said =
    problems.length > 0
      ? problems.map((one) => `Line ${one.line}, column ${one.column}: ${one.message}`)
      : error
        ? [error]
        : [];
  return (
    <div>
      <div className={classes.head}>
        <span className={classes.label}>
          {label}
          {required ? <span style={{ color: "var(--bad)" }}> *</span> : null}
        </span>
        <span className="dim" role="status">
          {said.length === 0 && checked && text && !check.isPlaceholderData
            ? `${checked.type ?? ""}${checked.unit ? ` in ${checked.unit}` : ""} · ${checked.kind ?? ""}`
            : ""}
        </span>
      </div>
      {help ? <div className={classes.help}>{help}</div> : null}
      <Suspense fallback={<Skeleton height={90} />}>
        <Editor
          label={label}
          value={text}
          set={disabled ? undefined : (next) => set(next || undefined)}
          vocabulary={vocabulary}
          problems={problems}
          invalid={said.length > 0}
          placeholder="sum(claim.paid_amount where status = 'Settled')"
        />
      </Suspense>
      {said.length > 0 ? (
        <div role="alert">
          <ul className={classes.problems}>
            {said.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      ) : null}
    </div>
  );
}

/** A formula that is only shown. */
export function Formula({ text, label = "Formula" }: { text: string; label?: string }) {
  const vocabulary = useMemo(() => ({ functions: [], entities: [], metrics: [] }), []);
  return (
    <Suspense fallback={<Skeleton height={44} />}>
      <Editor label={label} value={text} vocabulary={vocabulary} />
    </Suspense>
  );
}
