// What differs between two versions: field by field, the old value and the new.
import type { Message } from "@/api/contract";
import { Badge } from "../badges";
import { words } from "../format";
import classes from "./history.module.css";

type Change = Message<"tessera.metadata.v1.FieldChange">;

/** One thing of a list in a line: its name or code first, then what else is known of it. */
function line(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { code, name, ...rest } = value as Record<string, unknown>;
  const more = Object.entries(rest).map(([key, held]) => {
    const title = key.replaceAll("_", " ");
    if (held === true) return title;
    if (typeof held === "string") return held;
    return `${title} ${Array.isArray(held) ? held.map(line).join(" / ") : JSON.stringify(held)}`;
  });
  // The name says nothing new where the code is said.
  return [code ?? name, ...more].filter(Boolean).join(", ");
}

/** JSON as a person reads it: text without quotes, lists by comma, the rest as it is. */
export function readable(json: string | undefined): string {
  if (!json) return "";
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "string") return /^[A-Z]+(_[A-Z]+)+$/.test(value) ? words(value) : value;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
    if (Array.isArray(value)) return value.map(line).join("\n");
    if (typeof value === "object" && value !== null) {
      return Object.entries(value)
        .map(([name, held]) => `${name}: ${typeof held === "string" ? held : JSON.stringify(held)}`)
        .join("\n");
    }
    return String(value);
  } catch {
    return json;
  }
}

const tones = { CHANGE_KIND_ADDED: "good", CHANGE_KIND_REMOVED: "bad", CHANGE_KIND_CHANGED: "info" } as const;

export function Changes({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return <p className="dim">They are the same.</p>;
  const before = changes.some((change) => change.before);
  return (
    <table className={classes.changes}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">
            <span className="unseen">What happened</span>
          </th>
          {before ? <th scope="col">Before</th> : null}
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={`${change.path} ${change.kind}`}>
            <th scope="row" className="mono">
              {change.path}
            </th>
            <td>
              <Badge tone={tones[change.kind as keyof typeof tones] ?? "plain"}>{words(change.kind)}</Badge>
            </td>
            {before ? <td data-side="before">{readable(change.before)}</td> : null}
            <td data-side="after">{readable(change.after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
