// What every field for a formula does: it asks what the service says to the draft, and shows where it is wrong.
import { Skeleton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { lazy, Suspense, useMemo } from "react";
import type { Message, Output } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import type { FieldProps } from "../form/form";
import classes from "./formula.module.css";
import { type Problem, problemsOf, type Vocabulary } from "./vocabulary";

export const Editor = lazy(() => import("./editor"));

export type Checked = Output<"CalculationService_CheckFormula">;
export type Draft = Message<"tessera.calculation.v1.Draft">;

/**
 * What is wrong with a text, and what it is where nothing is. `draftOf` makes the draft that is checked, or nothing
 * where there is none yet; `above` are the lines that it has before those of the text.
 */
export function useCheck(
  text: string,
  violations: FieldProps["violations"],
  draftOf: (text: string) => Draft | undefined,
  above = 0,
): { problems: Problem[]; checked: Checked | undefined } {
  const may = useMay();
  const [asked] = useDebouncedValue(text, 300);
  const draft = asked.trim() ? draftOf(asked) : undefined;
  const answer = useCall(
    "CalculationService_CheckFormula",
    { body: { draft: draft ?? {} } },
    { enabled: draft !== undefined && may("CalculationService_CheckFormula"), keep: true, staleTime: 60_000 },
  );
  // The answer to what stood there before says nothing of what stands there now.
  const said = draft && asked === text && !answer.isPlaceholderData ? answer.data : undefined;
  const problems = useMemo<Problem[]>(() => {
    const refused = problemsOf(violations);
    if (refused.length > 0) return refused;
    return (said?.problems ?? []).map((one) => ({
      line: Math.max(1, (one.line ?? above + 1) - above),
      column: one.column ?? 1,
      length: (one.end ?? 0) - (one.start ?? 0) || undefined,
      message: [one.description, one.hint].filter(Boolean).join(". "),
    }));
  }, [violations, said, above]);
  return { problems, checked: said && problems.length === 0 ? said : undefined };
}

interface Props extends Pick<FieldProps, "label" | "help" | "set" | "error" | "required" | "disabled"> {
  text: string;
  vocabulary: Vocabulary;
  problems: Problem[];
  /** What is said beside the label while nothing is wrong. */
  note?: string;
  placeholder: string;
}

/** The field itself. */
export function CheckedField(props: Props) {
  const { label, help, text, set, error, required, disabled, problems } = props;
  const places = problems.map((one) => `Line ${one.line}, column ${one.column}: ${one.message}`);
  const said = places.length > 0 ? places : error ? [error] : [];
  return (
    <div>
      <div className={classes.head}>
        <span className={classes.label}>
          {label}
          {required ? <span style={{ color: "var(--bad)" }}> *</span> : null}
        </span>
        <span className="dim" role="status">
          {said.length === 0 ? props.note : ""}
        </span>
      </div>
      {help ? <div className={classes.help}>{help}</div> : null}
      <Suspense fallback={<Skeleton height={90} />}>
        <Editor
          label={label}
          value={text}
          set={disabled ? undefined : (next) => set(next || undefined)}
          vocabulary={props.vocabulary}
          problems={problems}
          invalid={said.length > 0}
          placeholder={props.placeholder}
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
