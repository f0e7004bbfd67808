// The wizard: at most eight steps, each of which holds by itself; what is given is kept as one goes, the step is in the
// address, and the last one says what will follow before anything is done.
import { Button } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef } from "react";
import type { ApiError } from "@/api/errors";
import { Page } from "../page";
import { RequestId } from "../states";
import { useUrl } from "../url";
import { openStep } from "./steps";
import classes from "./wizard.module.css";

export interface Step {
  id: string;
  title: string;
  /** One sentence: what is asked here, and what for. */
  about: string;
  content: ReactNode;
  /** Whether what is given so far is enough to go on. */
  holds: boolean;
  /** Shows what is missing, when someone wants to go on and cannot yet. */
  look?: () => void;
  /** Whether the server refused something of it. */
  wrong?: boolean;
}

interface Props {
  title: string;
  above: { title: string; to: string };
  actions?: ReactNode;
  steps: Step[];
  /** What the last button says: a verb and the thing. */
  action: string;
  busy: boolean;
  error?: ApiError | null;
  finish: () => Promise<unknown>;
  cancel: () => void;
  /** That something was begun earlier, and the way to begin anew. */
  resumed?: { when: ReactNode; anew: () => void };
}

export function Wizard({ title, above, actions, steps, action, busy, error, finish, cancel, resumed }: Props) {
  const [url, setUrl] = useUrl();
  const at = openStep(steps, url.step);
  const step = steps[at];
  const last = at === steps.length - 1;
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  // Another step takes the focus, so that the keyboard and a screen reader go on from its beginning.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the step is what says that it is another
  useEffect(() => {
    if (first.current) first.current = false;
    else heading.current?.focus();
  }, [at]);
  if (!step) return null;
  const go = (to: number) => setUrl({ step: to === 0 ? undefined : steps[to]?.id });
  return (
    <Page title={title} above={above} actions={actions}>
      {resumed ? (
        <div className={classes.resumed} role="status">
          <span>You began this {resumed.when}; it goes on where you left it.</span>
          <Button variant="subtle" color="gray" size="compact-xs" onClick={resumed.anew}>
            Begin anew
          </Button>
        </div>
      ) : null}
      <div className={classes.columns}>
        <nav aria-label="Steps">
          <ol className={classes.steps}>
            {steps.map((one, index) => {
              const reachable = index <= at || steps.slice(0, index).every((before) => before.holds);
              const done = index < at || (index !== at && reachable && one.holds && index < steps.length - 1);
              return (
                <li key={one.id}>
                  <button
                    type="button"
                    className={classes.step}
                    disabled={!reachable}
                    aria-current={index === at ? "step" : undefined}
                    onClick={() => go(index)}
                  >
                    <span
                      className={classes.number}
                      data-done={(done && !one.wrong) || undefined}
                      data-wrong={one.wrong || undefined}
                    >
                      {one.wrong ? "!" : done ? <IconCheck size={12} aria-hidden /> : index + 1}
                    </span>
                    {one.title}
                    {one.wrong || done ? <span className="unseen">{one.wrong ? ", refused" : ", done"}</span> : null}
                  </button>
                </li>
              );
            })}
          </ol>
        </nav>
        <form
          noValidate
          className={classes.content}
          onSubmit={(event) => {
            event.preventDefault();
            if (!step.holds) {
              step.look?.();
              const form = event.currentTarget;
              requestAnimationFrame(() =>
                form.querySelector<HTMLElement>("[aria-invalid='true'], [data-invalid='true']")?.focus(),
              );
            } else if (last) void finish();
            else go(at + 1);
          }}
        >
          <p className={classes.count}>
            Step {at + 1} of {steps.length}
          </p>
          <h2 className={classes.title} ref={heading} tabIndex={-1}>
            {step.title}
          </h2>
          <p className={classes.about}>{step.about}</p>
          {error && last ? (
            <div className={classes.problem} role="alert">
              <strong>{error.message.replace(/^./, (c) => c.toUpperCase())}.</strong> {error.advice}
              <ul>
                {error.violations.map((one) => (
                  <li key={one.field + one.description}>
                    <code className="mono">{one.field}</code> {one.description}
                  </li>
                ))}
              </ul>
              <RequestId id={error.requestId} />
            </div>
          ) : null}
          {step.content}
          <div className={classes.bar}>
            {at > 0 ? (
              <Button variant="default" onClick={() => go(at - 1)}>
                Back
              </Button>
            ) : null}
            <Button type="submit" loading={busy}>
              {last ? action : "Next"}
            </Button>
            <span className={classes.space} />
            <Button variant="subtle" color="gray" onClick={cancel}>
              Leave, and go on later
            </Button>
          </div>
        </form>
      </div>
    </Page>
  );
}
