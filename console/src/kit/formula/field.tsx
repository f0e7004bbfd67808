// A formula as a field of a form: checked as one writes, where the caller may ask for it.
import { Skeleton } from "@mantine/core";
import { Suspense, useEffect, useMemo } from "react";
import type { FieldProps } from "../form/form";
import { type Checked, CheckedField, type Draft, Editor, useCheck } from "./checked";
import { useVocabulary } from "./vocabulary";

interface Props extends FieldProps {
  /** What the formula needs besides itself. */
  draft?: Omit<Draft, "formula">;
  onChecked?: (checked: Checked) => void;
}

export function FormulaField({ value, violations, draft, onChecked, ...field }: Props) {
  const text = (value as string | undefined) ?? "";
  const vocabulary = useVocabulary();
  const { problems, checked } = useCheck(text, violations, (formula) => ({ ...draft, formula }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer is what is told of
  useEffect(() => {
    if (checked) onChecked?.(checked);
  }, [checked]);
  const unit = checked?.unit ? ` in ${checked.unit}` : "";
  return (
    <CheckedField
      {...field}
      text={text}
      vocabulary={vocabulary}
      problems={problems}
      note={checked ? `${checked.type ?? ""}${unit} · ${checked.kind ?? ""}` : undefined}
      placeholder="sum(claim.paid_amount where status = 'Settled')"
    />
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
