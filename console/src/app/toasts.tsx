// Short messages in the corner: what was done, and the way back where there is one.
import { Button, CloseButton } from "@mantine/core";
import { useEffect, useState } from "react";
import { asApiError } from "@/api/errors";
import { store, useStore } from "./store";
import classes from "./toasts.module.css";

interface Toast {
  id: number;
  tone: "good" | "bad" | "info";
  title: string;
  text?: string;
  undo?: () => unknown;
  /** How long it stays, in milliseconds. */
  stays: number;
}

const toasts = store<Toast[]>([]);
let last = 0;

/** Says something for a while. */
export function toast(given: Partial<Omit<Toast, "id">> & { title: string }): void {
  last += 1;
  const stays = given.stays ?? (given.undo ? 10_000 : given.tone === "bad" ? 12_000 : 4_000);
  toasts.set((now) => [...now.slice(-3), { tone: "good", ...given, id: last, stays }]);
}

/** Says that something failed, with the advice and the request id. */
export function toastError(title: string, cause: unknown): void {
  const error = asApiError(cause);
  const id = error.requestId ? ` Request ${error.requestId}.` : "";
  toast({ tone: "bad", title, text: `${error.message}. ${error.advice}${id}`.replace("..", ".") });
}

const drop = (id: number) => toasts.set((now) => now.filter((one) => one.id !== id));

function One({ toast: given }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => drop(given.id), given.stays);
    return () => clearTimeout(timer);
  }, [held, given]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only keeps it there
    <div
      className={classes.toast}
      data-tone={given.tone}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <div className={classes.words}>
        <strong>{given.title}</strong>
        {given.text ? <div className="dim">{given.text}</div> : null}
      </div>
      {given.undo ? (
        <Button
          variant="default"
          onClick={() => {
            drop(given.id);
            void Promise.resolve(given.undo?.()).catch((cause: unknown) => toastError("It could not be undone", cause));
          }}
        >
          Undo
        </Button>
      ) : null}
      <CloseButton size="sm" aria-label="Dismiss" onClick={() => drop(given.id)} />
    </div>
  );
}

/** Where they appear; read out as they come. */
export function Toasts() {
  const list = useStore(toasts);
  return (
    <section className={classes.place} aria-label="Messages" aria-live="polite">
      {list.map((one) => (
        <One key={one.id} toast={one} />
      ))}
    </section>
  );
}
