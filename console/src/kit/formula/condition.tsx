// A condition over the rows of one entity, as a field: completion knows its attributes, and what is wrong is said in place.
import { useMemo } from "react";
import type { FieldProps } from "../form/form";
import { CheckedField, useCheck } from "./checked";
import { useVocabulary } from "./vocabulary";

/**
 * The condition within a formula that may be checked: on lines of its own, so that lines and columns stay those of the
 * condition but for the line before it.
 */
export function asFormula(entity: string, attribute: string, condition: string): string {
  return `count(${entity}.${attribute} where\n${condition}\n)`;
}

export function ConditionField({ value, violations, entity, ...field }: FieldProps & { entity?: string }) {
  const text = (value as string | undefined) ?? "";
  const whole = useVocabulary();
  const own = whole.entities.find((one) => one.code === entity);
  // Only what a row of this entity has can be asked of it.
  const vocabulary = useMemo(() => ({ functions: [], metrics: [], entities: own ? [own] : [] }), [own]);
  const attribute = own?.attributes[0]?.code;
  const { problems, checked } = useCheck(
    text,
    violations,
    (asked) => (entity && attribute ? { formula: asFormula(entity, attribute, asked) } : undefined),
    1,
  );
  return (
    <CheckedField
      {...field}
      required
      text={text}
      vocabulary={vocabulary}
      problems={problems}
      note={checked ? `Fits the rows of ${own?.name ?? entity}` : undefined}
      placeholder="region_code = 'North' and status = 'Active'"
    />
  );
}
