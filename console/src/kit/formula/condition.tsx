// A condition over the rows of one entity, as a field: completion knows its attributes, and what is wrong is said in place.
import { Skeleton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { lazy, Suspense, useMemo } from "react";
import { useCall, useMay } from "@/api/hooks";
import type { FieldProps } from "../form/form";
import classes from "./formula.module.css";
import { type Problem, problemsOf, useVocabulary } from "./vocabulary";

const Editor = lazy(() => import("./editor"));

/**
 * The condition within a formula that may be checked: on lines of its own, so that lines and columns stay those of the
 * condition but for the line before it.
 */
export function asFormula(entity: string, attribute: string, condition: string): string {
  return `count(${entity}.${attribute} where\n${condition}\n)`;
}

export function ConditionField({
  label,
  help,
  value,
  set,
  error,
  violations,
  disabled,
  entity,
}: FieldProps & { entity?: string }) {
  const text = (value as string | undefined) ?? "";
  const may = useMay();
  const whole = useVocabulary();
  const own = whole.entities.find((one) => one.code === entity);
  // Only what a row of this entity has can be asked of it.
  const vocabulary = useMemo(() => ({ functions: [], metrics: [], entities: own ? [own] : [] }), [own]);
  const [asked] = useDebouncedValue(text, 300);
  const attribute = own?.attributes[0]?.code;
  const check = useCall(
    "CalculationService_CheckFormula",
    { body: { draft: { formula: asFormula(entity ?? "", attribute ?? "", asked) } } },
    {
      enabled: Boolean(entity && attribute && asked.trim()) && may("CalculationService_CheckFormula"),
      keep: true,
      staleTime: 60_000,
    },
  );
  const problems = useMemo<Problem[]>(() => {
    const found = problemsOf(violations);
    if (found.length > 0 || asked !== text || check.isPlaceholderData) return found;
    return (check.data?.problems ?? []).map((one) => ({
      line: Math.max(1, (one.line ?? 2) - 1),
      column: one.column ?? 1,
      length: (one.end ?? 0) - (one.start ?? 0) || undefined,
      message: [one.description, one.hint].filter(Boolean).join(". "),
    }));
  }, [violations, check.data, check.isPlaceholderData, asked, text]);
  const said =
    problems.length > 0
      ? problems.map((one) => `Line ${one.line}, column ${one.column}: ${one.message}`)
      : error
        ? [error]
        : [];
  const fits = check.data && !check.isPlaceholderData && asked === text && text.trim() && said.length === 0;
  return (
    <div>
      <div className={classes.head}>
        <span className={classes.label}>
          {label}
          <span style={{ color: "var(--bad)" }}> *</span>
        </span>
        <span className="dim" role="status">
          {fits ? `Fits the rows of ${own?.name ?? entity}` : ""}
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
          placeholder="region_code = 'North' and status = 'Active'"
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
