// The frame of a form that creates or changes one thing: fields, problems, save, discard, and a word before one leaves.
import { Button } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useBlocker } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { isMac } from "@/app/rail";
import { Confirm } from "../confirm";
import { count } from "../format";
import { RequestId } from "../states";
import type { Draft } from "./draft";
import classes from "./form.module.css";

interface Props {
  draft: Draft;
  /** What the save button says. */
  action: string;
  save: () => Promise<unknown>;
  cancel?: () => void;
  children: ReactNode;
}

export function Editor({ draft, action, save, cancel, children }: Props) {
  const box = useRef<HTMLFormElement>(null);
  const leaving = useRef(false);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      draft.changes.length > 0 && !leaving.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => draft.changes.length > 0 && !leaving.current,
    withResolver: true,
  });
  async function submit() {
    leaving.current = true;
    await save();
    leaving.current = false;
    // The first field that is wrong takes the focus, in the middle: the bar at the foot would hide it.
    requestAnimationFrame(() => {
      const wrong = box.current?.querySelector<HTMLElement>("[aria-invalid='true'], [data-invalid='true']");
      wrong?.focus({ preventScroll: true });
      wrong?.scrollIntoView({ block: "center" });
    });
  }
  useHotkeys([["mod+S", () => void submit()]], []);
  const general = draft.error && draft.violations.length === 0 ? draft.error : null;
  return (
    <form
      ref={box}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {general ? (
        <div className={classes.problems} role="alert">
          <strong>{general.message.replace(/^./, (c) => c.toUpperCase())}</strong> {general.advice}
          <RequestId id={general.requestId} />
        </div>
      ) : null}
      {children}
      <div className={classes.bar}>
        <Button type="submit" loading={draft.busy}>
          {action}
        </Button>
        {cancel ? (
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
        ) : null}
        <span className="dim" role="status">
          {draft.violations.length > 0
            ? `${count(draft.violations.length, "field")} to look at: ${[...new Set(draft.violations.map((one) => one.field))].slice(0, 4).join(", ")}`
            : draft.changes.length > 0
              ? `${count(draft.changes.length, "field")} changed · ${isMac ? "⌘" : "Ctrl"} S saves`
              : ""}
        </span>
      </div>
      {blocker.status === "blocked" ? (
        <Confirm
          title="Leave without saving?"
          action="Leave"
          danger
          close={() => blocker.reset()}
          run={async () => {
            blocker.proceed();
          }}
        >
          {count(draft.changes.length, "changed field")} would be lost.
        </Confirm>
      ) : null}
    </form>
  );
}
