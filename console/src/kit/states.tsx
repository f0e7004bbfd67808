// What a page shows when there is nothing to show: loading, empty, failed, not allowed, not there.
import { Button, Skeleton } from "@mantine/core";
import { IconCopy, IconLock, IconMapOff, IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { type Operation, route } from "@/api/contract";
import { asApiError } from "@/api/errors";
import { toast } from "@/app/toasts";
import classes from "./states.module.css";

function State({
  icon,
  title,
  children,
  action,
  whole,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** Whether it is all that the page has. */
  whole?: boolean;
}) {
  const Heading = whole ? "h1" : "h2";
  return (
    <div className={classes.state}>
      {icon ? <div className={classes.icon}>{icon}</div> : null}
      <Heading className={classes.title}>{title}</Heading>
      <div className={classes.text}>{children}</div>
      {action ? <div className={classes.actions}>{action}</div> : null}
    </div>
  );
}

/** Nothing here yet: a sentence that teaches, and the first action. */
export function EmptyState({
  title,
  children,
  action,
  icon,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  icon?: ReactNode;
}) {
  return (
    <State title={title} action={action} icon={icon}>
      {children}
    </State>
  );
}

/** What happened, why, what to do, and the request id to quote. */
export function ErrorState({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const given = asApiError(error);
  const said = given.message.replace(/^./, (letter) => letter.toUpperCase()).replace(/\.$/, "");
  if (given.code === "PERMISSION_DENIED") {
    return (
      <State icon={<IconLock size={22} />} title={title ?? "You may not see this"}>
        {said}. {given.advice}
        <RequestId id={given.requestId} />
      </State>
    );
  }
  if (given.code === "NOT_FOUND") {
    return (
      <State icon={<IconMapOff size={22} />} title={title ?? "It is not there"}>
        {said}. {given.advice}
        <RequestId id={given.requestId} />
      </State>
    );
  }
  return (
    <div role="alert">
      <State
        icon={<IconPlugConnectedX size={22} />}
        title={title ?? (given.passing ? "No answer just now" : "This did not work")}
        action={retry ? <Button onClick={retry}>Try again</Button> : null}
      >
        {said}. {given.advice}
        {given.violations.length > 0 ? (
          <ul className={classes.list}>
            {given.violations.map((violation) => (
              <li key={violation.field + violation.description}>
                <code className="mono">{violation.field}</code> {violation.description}
              </li>
            ))}
          </ul>
        ) : null}
        <RequestId id={given.requestId} />
      </State>
    </div>
  );
}

/** The id under which the server's log tells of a request, with a way to copy it. */
export function RequestId({ id }: { id: string }) {
  if (!id) return null;
  return (
    <div className={classes.request}>
      <span className="mono">{id}</span>
      <Button
        variant="subtle"
        color="gray"
        size="compact-xs"
        leftSection={<IconCopy size={12} />}
        onClick={() => {
          void navigator.clipboard.writeText(id).then(() => toast({ title: "Request id copied" }));
        }}
      >
        Copy request id
      </Button>
    </div>
  );
}

/** The caller's roles do not allow the page. */
export function NoPermission({
  what,
  needs,
  verb = "see",
}: {
  what: string;
  needs: Operation;
  verb?: "see" | "create";
}) {
  // Abbreviations keep their capitals.
  const named = what.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase());
  return (
    <State whole icon={<IconLock size={22} />} title={`You may not ${verb} ${named}`}>
      It needs the permission <code className="mono">{route(needs).permission}</code>, which none of your roles holds.
      An administrator of your tenant can give you one that does.
    </State>
  );
}

/** No such page. */
export function NotFound() {
  return (
    <State
      icon={<IconMapOff size={22} />}
      whole
      title="There is no such page"
      action={
        <Button component="a" href="/" variant="default">
          Go to Home
        </Button>
      }
    >
      The address may be mistyped, or the page has moved. <kbd>Ctrl K</kbd> finds everything there is.
    </State>
  );
}

/** The outline of a picture of boxes and lines on its way. */
export function PictureSkeleton() {
  return (
    <div className={classes.picture} role="status" aria-label="Loading">
      {[64, 118, 92].map((height) => (
        <Skeleton key={height} height={height} width={172} radius={8} />
      ))}
    </div>
  );
}

/** The outline of a page on its way. */
export function PageSkeleton() {
  return (
    <div className={classes.skeleton} role="status" aria-label="Loading">
      <Skeleton height={22} width={180} mb={10} />
      <Skeleton height={12} width={340} mb={26} />
      {[92, 84, 88, 76, 90, 81, 86].map((width) => (
        <Skeleton key={width} height={12} width={`${width}%`} mb={18} />
      ))}
    </div>
  );
}
