// How the store of messages is doing: one line of figures.
import { useCall } from "@/api/hooks";
import { Badge } from "@/kit/badges";
import { formatDuration, formatNumber, words } from "@/kit/format";
import classes from "./messaging.module.css";

/** Bytes as one says them. */
export function bytes(value: string | number | undefined): string {
  let size = Number(value ?? 0);
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (size < 1024 || unit === "GiB") return `${formatNumber(size, { digits: unit === "B" ? 0 : 1 })} ${unit}`;
    size /= 1024;
  }
  return "";
}

export function Status() {
  const query = useCall("MessagingService_GetBrokerStatus", undefined, { refetchInterval: 5000 });
  const status = query.data;
  if (!status) return null;
  const facts: [string, string][] = [
    ["Store", words(status.kind)],
    ["Messages", formatNumber(Number(status.nextPosition ?? 1) - Number(status.firstPosition ?? 1))],
    ["Size", bytes(status.bytes)],
    ["Kept", status.maxAge ? formatDuration(status.maxAge) : "for ever"],
    ["Scheduled", formatNumber(status.scheduled ?? 0)],
    ["Subscriptions", formatNumber(status.subscriptions ?? 0)],
  ];
  if (status.pool) facts.push(["Connections", `${status.pool.inUse ?? 0} of ${status.pool.size ?? 0} in use`]);
  if (Number(status.damaged ?? 0) > 0) facts.push(["Damaged", formatNumber(status.damaged)]);
  return (
    <section className={classes.status} aria-label="Message store">
      <Badge tone={status.healthy ? "good" : "bad"} dot>
        {status.healthy ? "Healthy" : "Unhealthy"}
      </Badge>
      {status.durable ? null : <Badge tone="warn">Relaxed: acknowledged before it is on disk</Badge>}
      {status.problem ? <span className={classes.problem}>{status.problem}</span> : null}
      <dl className={classes.figures}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
