// What differs between two versions: field by field, the old value and the new.
import type { Message } from "@/api/contract";
import { Badge } from "../badges";
import { words } from "../format";
import classes from "./history.module.css";

type Change = Message<"tessera.metadata.v1.FieldChange">;

/** JSON as a person reads it: text without quotes, lists by comma, the rest as it is. */
export function readable(json: string | undefined): string {
  if (!json) return "";
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "string") return /^[A-Z]+(_[A-Z]+)+$/.test(value) ? words(value) : value;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
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
  return (
    <table className={classes.changes}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">
            <span className="unseen">What happened</span>
          </th>
          <th scope="col">Before</th>
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
            <td data-side="before">{readable(change.before)}</td>
            <td data-side="after">{readable(change.after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
