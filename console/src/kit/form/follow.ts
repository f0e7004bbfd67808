// A code that follows the name, until someone writes one.
import { codeOf } from "../format";
import type { Draft } from "./draft";
import type { Value } from "./form";

/** The code of a value's name. */
export const codeOfName = (value: Value): string => codeOf((value.name as string | undefined) ?? "");

/** What comes after `now`: with the code that is suggested, as long as the code is the one that was suggested before. */
export function followCode(now: Value, next: Value, suggest: (value: Value) => string): Value {
  const followed = ((now.code as string | undefined) ?? "") === suggest(now);
  if (!followed || next.code !== now.code) return next;
  return { ...next, code: suggest(next) || undefined };
}

/** A draft whose code follows. It is one change with the name: a quick hand does not leave the code behind. */
export function following(draft: Draft, suggest: (value: Value) => string = codeOfName): Draft {
  return { ...draft, set: (next) => draft.set(followCode(draft.value, next, suggest)) };
}
