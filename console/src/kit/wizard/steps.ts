// The order of a wizard's steps, and what is kept of one that was left before its end.
import { kept } from "@/app/store";

/** Which step is open: the one that is asked for, but none beyond the first that does not hold yet. */
export function openStep(steps: { id: string; holds: boolean }[], asked: string | undefined): number {
  const wanted = Math.max(
    0,
    steps.findIndex((step) => step.id === asked),
  );
  const broken = steps.findIndex((step) => !step.holds);
  return broken === -1 ? wanted : Math.min(wanted, broken);
}

interface Saved {
  value: Record<string, unknown>;
  at: string;
}

const drafts = kept<Record<string, Saved>>("tessera.wizards", {});

/** What was begun under a name and not finished, if anything was. */
export const begunOf = (name: string): Saved | undefined => drafts.get()[name];

/** Keeps what has been given so far. */
export function keep(name: string, value: Record<string, unknown>): void {
  drafts.set((all) => ({ ...all, [name]: { value, at: new Date().toISOString() } }));
}

/** Forgets it: it is finished, or begun anew. */
export function forget(name: string): void {
  drafts.set((all) => Object.fromEntries(Object.entries(all).filter(([one]) => one !== name)));
}
