// Small words with meaning: never by colour alone.
import classes from "./badges.module.css";
import { formatAgo, formatTime, words } from "./format";

export type Tone = "good" | "warn" | "bad" | "info" | "plain";

const tones: Record<string, Tone> = {
  ACTIVE: "good",
  DRAFT: "info",
  DEPRECATED: "warn",
  DISABLED: "warn",
  DELETED: "bad",
  CURRENT: "good",
  REPAIRED: "good",
  FOUND: "warn",
  NEEDS_ATTENTION: "bad",
  INCOMPATIBLE: "warn",
  ORPHANED: "warn",
  DAMAGED: "bad",
  REVERTED: "plain",
  SUCCEEDED: "good",
  COMPLETED: "good",
  RUNNING: "info",
  PENDING: "plain",
  QUEUED: "plain",
  FAILED: "bad",
  CANCELLED: "warn",
  PAUSED: "warn",
  WAITING: "plain",
  ROLLING_BACK: "warn",
  ROLLED_BACK: "warn",
  DONE: "good",
  UNDONE: "warn",
};

/** A word in a tone. */
export function Badge({ children, tone = "plain", dot }: { children: string; tone?: Tone; dot?: boolean }) {
  return (
    <span className={classes.badge} data-tone={tone}>
      {dot ? <span className={classes.dot} aria-hidden /> : null}
      {children}
    </span>
  );
}

/** The state of a thing, from its enum value. */
export function StateBadge({ state }: { state: string | undefined }) {
  if (!state) return null;
  const ending = Object.keys(tones).find((name) => state.endsWith(`_${name}`));
  return (
    <Badge tone={ending ? (tones[ending] ?? "plain") : "plain"} dot>
      {words(state)}
    </Badge>
  );
}

/** A time, as long ago; the exact one and UTC on hover. */
export function Time({ value, exact }: { value: string | undefined; exact?: boolean }) {
  if (!value) return <span className="dim">–</span>;
  return (
    <time dateTime={value} className="num" title={`${formatTime(value)} · ${value.replace(/(\.\d+)?Z$/, "")} UTC`}>
      {exact ? formatTime(value) : formatAgo(value)}
    </time>
  );
}

/** Labels. */
export function Tags({ tags }: { tags: string[] | undefined }) {
  if (!tags?.length) return null;
  return (
    <span className={classes.tags}>
      {tags.map((tag) => (
        <span key={tag} className={classes.tag}>
          {tag}
        </span>
      ))}
    </span>
  );
}
